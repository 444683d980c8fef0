import * as grpc from "@grpc/grpc-js";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { errorMessage } from "./server";
import { toStruct } from "./values";
import type { Properties } from "./values";

/** A resource that is there, and is not what it should be: what came after its making has failed. */
export class HalfMade extends Error {
  constructor(
    readonly id: string,
    readonly reason: unknown,
  ) {
    super(errorMessage(reason));
  }
}

/** The error by which the engine keeps such a resource in its state, and updates it at the next up. */
export function halfMade({ id, message }: HalfMade, inputs: Properties): Error & { metadata: grpc.Metadata } {
  const failure = new rpc.ErrorResourceInitFailed()
    .setId(id)
    .setProperties(toStruct({ ...inputs, id }))
    .setInputs(toStruct(inputs))
    .setReasonsList([message]);
  const detail = new Any();
  detail.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(message);
  status.addDetails(detail);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return Object.assign(new Error(message), { metadata });
}
