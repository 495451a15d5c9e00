import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { api, read } from "@/lib/api/client";
import { backend, http } from "@/testing/backend";
import { pageOf, problem } from "@/testing/factories";
import { go } from "@/testing/navigation";
import { open } from "@/testing/render";

import { ConsoleShell } from "./console-shell";

// jsdom has none.
vi.stubGlobal("EventSource", class {
  close() {
    return undefined;
  }
});

test("who is logged out comes back to the page that was left, however often it is said", async () => {
  backend.use(
    http.get("/api/v1/me", ({ response }) => response(503).json(problem({ code: "unavailable", status: 503 }) as never)),
    http.get("/api/v1/me/invitations", ({ response }) => response(200).json(pageOf([]))),
  );
  open("/projects/demo/keys?state=gone", <ConsoleShell>the page</ConsoleShell>);
  await screen.findByText("the page");
  backend.use(
    http.get("/api/v1/auth/me", ({ response }) => response(401).json(problem({ code: "unauthenticated", status: 401 }))),
    http.post("/api/v1/auth/refresh", ({ response }) => response(401).json(problem({ code: "unauthenticated", status: 401 }))),
  );
  const asks = () => expect(read(api.GET("/api/v1/auth/me"))).rejects.toMatchObject({ status: 401 });
  await asks();
  const login = "/login?next=%2Fprojects%2Fdemo%2Fkeys%3Fstate%3Dgone";
  expect(location.pathname + location.search).toBe(login);
  await asks();
  expect(location.pathname + location.search).toBe(login);
  // The list of projects is where a login leads to anyway.
  go("/projects");
  await asks();
  expect(location.pathname + location.search).toBe("/login");
});
