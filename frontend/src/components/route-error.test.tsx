import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { ApiError } from "@/lib/api/errors";
import { chooseLocale } from "@/lib/i18n/locale";
import { open } from "@/testing/render";

function Failing({ error }: { error: unknown }): never {
  throw error;
}

afterEach(() => {
  chooseLocale("system");
  vi.restoreAllMocks();
});

function show(error: unknown) {
  // React tells of every error that reaches a boundary.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  return open("/projects/demo", <Failing error={error} />);
}

test("code that fails is not taken for a daemon that cannot be reached", async () => {
  const user = show(new TypeError("x is not a function"));
  expect(await screen.findByRole("heading", { level: 1, name: "This page has stopped working" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Reload the page" })).toBeVisible();
  expect(screen.queryByText(/daemon/)).toBeNull();
  expect(screen.queryByText(/x is not a function/)).toBeNull();
  await user.click(screen.getByRole("button", { name: "Copy details" }));
  expect(await screen.findByRole("button", { name: "Copied" })).toBeVisible();
  const copied = await navigator.clipboard.readText();
  expect(copied).toContain("TypeError: x is not a function\n/projects/demo\n");
  expect(copied).not.toContain("route-error.test");
});

test("it is said in the chosen language", async () => {
  chooseLocale("ko");
  show(new Error("boom"));
  expect(await screen.findByRole("heading", { name: "페이지에 문제가 생겼습니다" })).toBeVisible();
  expect(screen.getByRole("button", { name: "페이지 새로고침" })).toBeVisible();
});

test("a part of the page that is missing is what it is", async () => {
  show(Object.assign(new Error("Loading chunk 7 failed"), { name: "ChunkLoadError" }));
  expect(await screen.findByText(/could not be fetched/)).toBeVisible();
});

test("a request that failed can be tried again", async () => {
  show(new ApiError({ code: "internal", detail: "" }));
  expect(await screen.findByRole("button", { name: "Try again" })).toBeVisible();
});
