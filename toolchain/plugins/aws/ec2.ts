import * as api from "@aws-sdk/client-ec2";
import { ec2 } from "./clients";
import { kind, tagList, type Kind, type Tags } from "./kind";

/** The tags of a resource at its making. */
export function tagged(type: api.ResourceType, tags: Tags | undefined): api.TagSpecification[] {
  const Tags = tagList(tags);
  return Tags.length > 0 ? [{ ResourceType: type, Tags }] : [];
}

async function retag(id: string, tags: Tags, gone: string[]): Promise<void> {
  const Resources = [id];
  if (gone.length > 0)
    await ec2().send(new api.DeleteTagsCommand({ Resources, Tags: gone.map((Key) => ({ Key })) }));
  if (Object.keys(tags).length > 0)
    await ec2().send(new api.CreateTagsCommand({ Resources, Tags: tagList(tags) }));
}

/** A resource of EC2 with tags. */
export const ec2Kind = <I extends object>(of: Kind<I>) => kind<I>({ ...of, retag });

/** How long AWS may take for what a call has begun. */
export const waiting = (seconds: number) => ({
  client: ec2(),
  maxWaitTime: seconds,
  minDelay: 1,
  maxDelay: 5,
});
