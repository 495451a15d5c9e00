import { screen, waitFor } from "@testing-library/react";
import { expect } from "vitest";

/** The dialog that opens, once it takes clicks: that it is in front it learns after it is shown first. */
export async function findDialog() {
  const dialog = await screen.findByRole("dialog");
  await waitFor(() => {
    expect(dialog.style.pointerEvents).toBe("auto");
  });
  return dialog;
}
