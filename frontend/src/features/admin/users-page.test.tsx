import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { invitation, people } from "@/testing/handlers/people";
import { open } from "@/testing/render";

import { UsersPage } from "./users-page";

test("shows every invitation with where it leads to, and makes one", async () => {
  people.all = [invitation({ email: "eve@example.com" }), invitation({ email: "mal@example.com", to: { kind: "instance", instance_admin: true } })];
  const hands = open("/admin/users", <UsersPage />);
  expect(await screen.findByText("to the project Demo · Viewer")).toBeInTheDocument();
  expect(screen.getByText("to the instance · Instance admin")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Take back the invitation of mal@example.com" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Invite" }));
  const dialog = within(await findDialog());
  expect(dialog.getByText(/accepting makes one/)).toBeInTheDocument();
  await hands.type(dialog.getByLabelText("E-mail address"), "new@example.com");
  await hands.selectOptions(dialog.getByLabelText(/Role/), "Instance admin");
  await hands.click(dialog.getByRole("button", { name: "Invite" }));
  expect(await screen.findByRole("textbox", { name: "invitation link" })).toHaveTextContent("/invitation#orchi_1");
  expect(asked).toEqual([{ what: "invite", body: { email: "new@example.com", instance_admin: true } }]);
  expect(await screen.findByText("new@example.com")).toBeInTheDocument();
});
