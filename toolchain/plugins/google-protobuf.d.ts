/** The part of google-protobuf that the plugins use; the package brings no types of its own. */
declare module "google-protobuf/google/protobuf/struct_pb" {
  export class Struct {
    static fromJavaScript(value: Record<string, unknown>): Struct;
    toJavaScript(): Record<string, unknown>;
  }
}

declare module "google-protobuf/google/protobuf/empty_pb" {
  export class Empty {}
}

declare module "google-protobuf/google/protobuf/any_pb" {
  export class Any {
    pack(serialized: Uint8Array, name: string): void;
  }
}
