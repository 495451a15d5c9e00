import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, backend, http } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { id, pageOf } from "@/testing/factories";
import { open } from "@/testing/render";

import { LoginsCard } from "./logins-card";

test("the other logins are not ended unasked", async () => {
  const login = (current: boolean) => ({ id: id(), current, client: null, address: null, created_at: "2026-01-01T00:00:00Z", seen_at: "2026-01-01T00:00:00Z", expires_at: "2026-02-01T00:00:00Z" });
  backend.use(
    http.get("/api/v1/me/logins", ({ response }) => response(200).json(pageOf([login(true), login(false)]))),
    http.delete("/api/v1/me/logins", ({ response }) => {
      asked.push({ what: "logins", body: undefined });
      return response(204).empty();
    }),
  );
  const hands = open("/profile", <LoginsCard />);
  await hands.click(await screen.findByRole("button", { name: "End all others" }));
  const dialog = await findDialog();
  expect(asked).toEqual([]);
  await hands.click(within(dialog).getByRole("button", { name: "End all others" }));
  await expect.poll(() => asked).toHaveLength(1);
  await expect.poll(() => screen.queryByRole("dialog")).toBeNull();
});
