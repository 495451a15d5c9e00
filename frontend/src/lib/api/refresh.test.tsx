import { HttpResponse, http as plain } from "msw";
import { expect, test, vi } from "vitest";

import { backend } from "@/testing/backend";

import { api, read, whenSessionEnds } from "./client";

test("a daemon that cannot renew the login for now does not end it", async () => {
  const ended = vi.fn();
  whenSessionEnds(ended);
  const refusal = (status: number, code: string) => HttpResponse.json({ code, detail: code, status, title: code, type: "about:blank" }, { status });
  const answers = [refusal(503, "unavailable"), refusal(401, "invalid_credentials")];
  backend.use(
    plain.get("*/api/v1/projects", () => refusal(401, "unauthenticated")),
    plain.post("*/api/v1/auth/refresh", () => answers.shift()),
  );
  await expect(read(api.GET("/api/v1/projects"))).rejects.toMatchObject({ code: "unavailable", status: 503 });
  expect(ended).not.toHaveBeenCalled();
  await expect(read(api.GET("/api/v1/projects"))).rejects.toMatchObject({ status: 401 });
  expect(ended).toHaveBeenCalledOnce();
});
