import { cleanup, screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { projectList } from "@/testing/handlers/projects";
import { open } from "@/testing/render";

import { AdminAuditPage } from "./audit-page";

test("a project is said to be gone once it is known which are there", async () => {
  projectList.is = "slow";
  open("/admin/audit", <AdminAuditPage />);
  expect(await screen.findByRole("listitem")).toHaveTextContent("deleted the server github");
  expect(screen.queryByText("Deleted project")).not.toBeInTheDocument();
  cleanup();
  projectList.is = "empty";
  open("/admin/audit", <AdminAuditPage />);
  expect(await screen.findByText("Deleted project")).toBeInTheDocument();
});
