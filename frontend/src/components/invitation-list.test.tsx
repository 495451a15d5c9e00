import { useMutation } from "@tanstack/react-query";
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Invitation } from "@/lib/data/invitations";
import { asked } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { id } from "@/testing/factories";
import { open } from "@/testing/render";

import { InvitationList } from "./invitation-list";

const INVITATION: Invitation = {
  id: id(),
  email: "eve@example.com",
  to: { kind: "instance", instance_admin: false },
  state: "pending",
  inviter: null,
  mail: { state: "not_sent" },
  created_at: "2026-01-01T00:00:00Z",
  expires_at: "2026-02-01T00:00:00Z",
};

function List() {
  const renew = useMutation({ mutationFn: (_: string) => Promise.reject<never>(new Error()) });
  const revoke = useMutation({
    mutationFn: (invitation: string) => {
      asked.push({ what: "revoke", body: invitation });
      return Promise.resolve();
    },
  });
  return <InvitationList invitations={[INVITATION]} renew={renew} revoke={revoke} />;
}

test("no invitation is taken back unasked", async () => {
  const hands = open("/projects/demo/members", <List />);
  await hands.click(screen.getByRole("button", { name: "Take back the invitation of eve@example.com" }));
  const dialog = await findDialog();
  expect(asked).toEqual([]);
  await hands.click(within(dialog).getByRole("button", { name: "Take back" }));
  await expect.poll(() => asked).toEqual([{ what: "revoke", body: INVITATION.id }]);
});
