/** What all setups have: the address that moves, and machines of one size. */
export const VIP = "10.10.1.100";
export const CLIENT = "10.10.1.13";
/** Who may mount the share. */
export const CLIENT_NETWORK = "10.10.1.0/24";
/** MiB. */
export const MASTER_MEMORY = 512;
export const CLIENT_MEMORY = 384;
export const DISK = 512;
