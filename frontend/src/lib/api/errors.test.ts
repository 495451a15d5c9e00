import { expect, test } from "vitest";

import { ApiError, toApiError } from "./errors";

test("every failure becomes one kind of error", () => {
  const problem = { type: "urn:orch:problem:stale", title: "", status: 412, detail: "somebody was quicker", code: "stale", request_id: "r" };
  expect(toApiError(problem)).toMatchObject({ code: "stale", status: 412, message: "somebody was quicker", requestId: "r" });
  expect(toApiError(new TypeError("Failed to fetch")).code).toBe("offline");
  expect(toApiError("<html>", new Response(null, { status: 502 }))).toMatchObject({ code: "unreadable", status: 502 });
  const error = new ApiError({ code: "x", detail: "y" });
  expect(toApiError(error)).toBe(error);
});

test("says how long to wait", () => {
  const response = new Response(null, { status: 429, headers: { "retry-after": "7" } });
  expect(toApiError({ code: "too_many_requests", detail: "slow down" }, response).retryAfter).toBe(7);
});
