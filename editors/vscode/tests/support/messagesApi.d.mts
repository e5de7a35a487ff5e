export type Reply = { text: string } | { tool: { name: string; input: object } };
export interface MessagesApi {
  url: string;
  /** Bodies of the requests that used a scripted answer. */
  requests: unknown[];
  stop(): Promise<void>;
}
export function startMessagesApi(replies: Reply[]): Promise<MessagesApi>;
