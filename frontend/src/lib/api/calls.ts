/** Calls of tools, prompts and resources, whose answer is a stream of events. */
import { api, read, type Schemas } from "./client";
import type { ServerRef } from "../paths";

export type CallEvent = Schemas["CallEvent"];
export type CallRequest = Schemas["CreateCallRequest"];

/** Makes a call and tells of its events as they come. Aborting `signal` cancels the call. */
export async function streamCall(
  ref: ServerRef,
  body: CallRequest,
  { signal, onEvent }: { signal: AbortSignal; onEvent: (event: CallEvent) => void },
): Promise<void> {
  const answer = await read<unknown>(
    api.POST("/api/v1/projects/{project}/servers/{server}/calls", { params: { path: ref }, body, parseAs: "stream", signal }),
  );
  const reader = (answer as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data:"));
      if (data !== undefined) onEvent(JSON.parse(data.slice(5)) as CallEvent);
    }
  }
}

export function answerCall(ref: ServerRef, call: string, body: Schemas["CreateAnswerRequest"]): Promise<unknown> {
  const params = { path: { ...ref, call } };
  return read(api.POST("/api/v1/projects/{project}/servers/{server}/calls/{call}/answers", { params, body }));
}

export function cancelCall(ref: ServerRef, call: string): Promise<unknown> {
  const params = { path: { ...ref, call } };
  return read(api.DELETE("/api/v1/projects/{project}/servers/{server}/calls/{call}", { params }));
}
