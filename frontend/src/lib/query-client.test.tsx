import { useQueryClient } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { backend, http } from "@/testing/backend";
import { problem, project } from "@/testing/factories";
import { open } from "@/testing/render";

import { useProject } from "./data/projects";

function Page() {
  const queryClient = useQueryClient();
  return (
    <button
      onClick={() => {
        void queryClient.invalidateQueries();
      }}
    >
      {useProject().name}
    </button>
  );
}

/** Answers once, and then so no more. */
async function onceSeen(status: 403 | 404 | 500) {
  let isSeen = false;
  let answers = 0;
  backend.use(
    http.get("/api/v1/projects/{project}", ({ response }) => {
      answers += 1;
      if (isSeen) return response(status as 404).json(problem({ code: { 403: "forbidden", 404: "not_found", 500: "internal" }[status], status }));
      isSeen = true;
      return response(200).json(project({ name: "Demo" }));
    }),
  );
  const hands = open("/projects/demo", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Demo" }));
  // Where nothing goes by the name any more, once more by the id.
  await expect.poll(() => answers).toBe(status === 404 ? 3 : 2);
}

test("what is gone while it is looked at does not stay on the page", async () => {
  await onceSeen(404);
  expect(await screen.findByRole("heading", { name: "Nothing here" })).toBeInTheDocument();
});

test("what is looked at and may not be seen any more does not stay on the page", async () => {
  await onceSeen(403);
  expect(await screen.findByText("Your role does not allow this.")).toBeInTheDocument();
});

test("what is looked at stays when it only cannot be fetched anew", async () => {
  await onceSeen(500);
  expect(await screen.findByRole("button", { name: "Demo" })).toBeInTheDocument();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});
