import type { components } from "./schema.gen";

export type Problem = components["schemas"]["Problem"];
export type FieldError = components["schemas"]["FieldError"];

/** Codes that the browser adds to those of the daemon. */
export type LocalCode = "offline" | "unreadable";

/** Every failure of a request, whatever its cause. `code` is what programs decide by; `message` is for people. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly fields: readonly FieldError[];
  /** Seconds to wait before another try, where the daemon says so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Partial<Problem> & { code: string; detail: string }, retryAfter?: number) {
    super(problem.detail);
    this.code = problem.code;
    this.status = problem.status ?? 0;
    this.requestId = problem.request_id;
    this.fields = problem.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

/** Makes an ApiError of whatever was thrown or answered. */
export function toApiError(cause: unknown, response?: Response): ApiError {
  if (cause instanceof ApiError) return cause;
  if (isProblem(cause)) {
    const wait = Number(response?.headers.get("retry-after"));
    return new ApiError(cause, Number.isFinite(wait) && wait > 0 ? wait : undefined);
  }
  if (cause instanceof TypeError && response === undefined) {
    return new ApiError({ code: "offline" satisfies LocalCode, detail: "the daemon cannot be reached" });
  }
  const status = response?.status ?? 0;
  const detail = cause instanceof Error ? cause.message : `the daemon answered with status ${status}`;
  return new ApiError({ code: "unreadable" satisfies LocalCode, detail, status });
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "detail" in value;
}
