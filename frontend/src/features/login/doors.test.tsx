import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { people } from "@/testing/handlers/people";
import { open } from "@/testing/render";

import { LoginPage } from "./login-page";
import { ResetPasswordPage } from "./reset-password-page";

test("who is logged in goes on at once, with what stands behind the #", async () => {
  open("/login?next=%2Finvitation#orchi_1", <LoginPage />);
  await expect.poll(() => location.pathname + location.hash).toBe("/invitation#orchi_1");
});

test("who is not logged in stays", async () => {
  people.isLoggedIn = false;
  open("/login?next=%2Fteams", <LoginPage />);
  expect(await screen.findByText(/Others are made by an instance admin/)).toBeInTheDocument();
  expect(location.pathname).toBe("/login");
});

test("a spent link to a new password leads on: to another by mail, or to the login", async () => {
  people.ways = { sign_up: "closed", mail: true };
  const hands = open("/reset-password#orchp_1", <ResetPasswordPage />);
  expect(screen.getByRole("link", { name: "Back to the login" })).toHaveAttribute("href", "/login");
  await hands.type(screen.getByLabelText(/New password/), "long enough it is");
  await hands.click(screen.getByRole("button", { name: "Set the password" }));
  expect(await screen.findByRole("heading", { name: "This link is no longer valid" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Ask for a new link" })).toHaveAttribute("href", "/forgot-password");
  expect(screen.getByRole("link", { name: "Back to the login" })).toHaveAttribute("href", "/login");
  expect(screen.queryByLabelText(/New password/)).not.toBeInTheDocument();
});

test("without mail, half a link leads to the login and to an instance admin", async () => {
  open("/reset-password", <ResetPasswordPage />);
  expect(await screen.findByText(/Ask an instance admin for a new one/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "Ask for a new link" })).not.toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Back to the login" })).toBeInTheDocument();
});
