// twinline.d.ts: all that a rule may touch. Pure: no I/O, clock, randomness, await.
interface Rich    { readonly plain: string; readonly markdown: string }
interface User    { readonly id?: string; readonly name?: string; readonly email?: string; readonly login?: string }
interface Comment { readonly id: string; readonly author: User; readonly created: string; readonly edited: string | null
                    readonly mirrored: boolean; body: Rich | string; channel: string }
interface Attachment { readonly id: string; readonly name: string; readonly size: number; readonly mediaType: string }
interface ItemRef { readonly node: string; readonly id: string; readonly key: string; readonly url: string }

interface Issue extends ItemRef {               // native values of this side
  type: string; summary: string; description: Rich | string | null
  status: string; priority: string | null; resolution: string | null
  labels: string[]; assignee: User | null; readonly reporter: User | null
  parent: ItemRef | null; due: string | null; readonly created: string; readonly updated: string
  readonly comments: readonly Comment[]; readonly attachments: readonly Attachment[]
  fields: Record<string, any>                   // every other field, by name or id; typed by `twinline types`
  addComment(key: string, c: { body: Rich | string; channel: string }): void  // once per link, key and causing change
}
interface Replica {                             // the [fields] of the connection; generated, sealed
  comments: Comment[]; attachments: Attachment[]; [field: string]: any
}
interface Link { readonly id: string; readonly connection: string; readonly side: "left" | "right"
                 readonly local: ItemRef | null; readonly remote: ItemRef; readonly since: string }

export type Outgoing = (c: { readonly issue: Readonly<Issue>; replica: Replica; firstSync: boolean; link: Link | null }) => void;
export type Incoming = (c: { readonly replica: Replica; readonly previous: Readonly<Replica> | null
                             issue: Issue; readonly before: Readonly<Issue>   // draft; as fetched
                             firstSync: boolean; link: Link }) => void;
export interface Via { outgoing(native: any, issue: Readonly<Issue>): any; incoming(value: any, issue: Readonly<Issue>): any }

declare global {
  function user(by: { id?: string; email?: string; login?: string }): User;    // resolved by the connector at the write
  function values(table: string): { toReplica(native: any): string | null; toNative(value: string): any };
  const text: { markdown(s: string): Rich; plain(s: string): Rich; join(...p: (Rich | string)[]): Rich };
  function hold(field: string, why: string): void;   // freeze one field, ask
  function reject(why: string): never;               // quarantine this twin
  function trace(...v: unknown[]): void;             // shown by test, plan and history
}
