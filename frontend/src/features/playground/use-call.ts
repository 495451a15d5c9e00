"use client";

import { useReducer, useRef } from "react";

import { answerCall, type CallEvent, type CallRequest, cancelCall, streamCall } from "@/lib/api/calls";
import { toApiError } from "@/lib/api/errors";
import type { ServerRef } from "@/lib/paths";

export type Question = Extract<CallEvent, { type: "question" }>;
export type Progress = Extract<CallEvent, { type: "progress" }>;
export type LogEvent = Extract<CallEvent, { type: "log" }>;
export type CallEnd = Extract<CallEvent, { type: "result" | "error" | "cancelled" }>;

export interface CallState {
  status: "idle" | "running" | "ended" | "failed";
  request?: CallRequest;
  call?: string;
  progress?: Progress;
  logs: LogEvent[];
  questions: Question[];
  end?: CallEnd;
  /** The call could not be made, or its stream broke off. */
  failure?: unknown;
}

type Step = { type: "begin"; request: CallRequest } | { type: "fail"; failure: unknown } | { type: "answered"; question: number } | { type: "event"; event: CallEvent };

const IDLE: CallState = { status: "idle", logs: [], questions: [] };
/** The last ones of a server that says a lot. */
const KEPT_LOGS = 500;

function reduce(state: CallState, step: Step): CallState {
  switch (step.type) {
    case "begin":
      return { ...IDLE, status: "running", request: step.request };
    case "fail":
      return { ...state, status: "failed", failure: step.failure, questions: [] };
    case "answered":
      return { ...state, questions: state.questions.filter(({ question }) => question !== step.question) };
    case "event":
      return happen(state, step.event);
  }
}

function happen(state: CallState, event: CallEvent): CallState {
  switch (event.type) {
    case "started":
      return { ...state, call: event.call };
    case "progress":
      return { ...state, progress: event };
    case "log":
      return { ...state, logs: [...state.logs, event].slice(-KEPT_LOGS) };
    case "question":
      return { ...state, questions: [...state.questions, event] };
    case "withdrawn":
      return { ...state, questions: state.questions.filter(({ question }) => question !== event.question) };
    case "notification":
      return state;
    default:
      return { ...state, status: "ended", end: event, questions: [] };
  }
}

/** One call at a time, with all that happens to it. Leaving the page cancels it, as the stream is left. */
export function useCall(ref: ServerRef) {
  const [state, dispatch] = useReducer(reduce, IDLE);
  const running = useRef<AbortController>(undefined);
  const run = (request: CallRequest) => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    dispatch({ type: "begin", request });
    let hasEnded = false;
    const onEvent = (event: CallEvent) => {
      if (abort.signal.aborted) return;
      hasEnded ||= event.type === "result" || event.type === "error" || event.type === "cancelled";
      dispatch({ type: "event", event });
    };
    streamCall(ref, request, { signal: abort.signal, onEvent }).then(
      () => {
        if (!hasEnded && !abort.signal.aborted) dispatch({ type: "fail", failure: toApiError(new TypeError()) });
      },
      (cause: unknown) => {
        if (!abort.signal.aborted) dispatch({ type: "fail", failure: cause });
      },
    );
  };
  const cancel = () => {
    if (state.call === undefined) {
      running.current?.abort();
      dispatch({ type: "event", event: { type: "cancelled", duration_ms: 0 } });
      return;
    }
    cancelCall(ref, state.call).catch(() => {
      // It has ended by itself.
    });
  };
  const leave = () => {
    running.current?.abort();
  };
  const answer = async (question: number, answered: { result: unknown } | { error: string }) => {
    if (state.call === undefined) return;
    await answerCall(ref, state.call, { question, ...answered } as Parameters<typeof answerCall>[2]);
    dispatch({ type: "answered", question });
  };
  return { state, run, cancel, leave, answer };
}
