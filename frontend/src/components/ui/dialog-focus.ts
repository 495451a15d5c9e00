import { useRef } from "react";

/**
 * Where the keyboard goes as a dialog opens and closes. Radix would put it on the cross of every dialog, and on nothing
 * after one that was not opened by a trigger of its own, as all of ours are. `first` says what takes it; null leaves it to
 * Radix.
 */
export function useDialogFocus(first: (dialog: HTMLElement) => HTMLElement | null) {
  const opener = useRef<HTMLElement | null>(null);
  return {
    onOpenAutoFocus: (event: Event) => {
      opener.current = openerOf(document.activeElement);
      const wanted = first(event.currentTarget as HTMLElement);
      if (wanted === null) return;
      event.preventDefault();
      wanted.focus();
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      // What it was opened by may have gone with what was deleted.
      const back = opener.current?.isConnected === true ? opener.current : document.getElementById("content");
      back?.focus({ preventScroll: true });
    },
  };
}

/** The first field of a form; what closes it again where it has none; what can be copied where there is no form. */
export function firstWanted(dialog: HTMLElement): HTMLElement | null {
  const wanted = ["form :is(input, textarea, select):not(:disabled, [type=hidden])", "form button[type=button]", ":scope > div button"];
  for (const selector of wanted) {
    const found = dialog.querySelector<HTMLElement>(selector);
    if (found !== null) return found;
  }
  return null;
}

/** An entry of a menu goes with its menu: it stands for the menu's button. */
function openerOf(active: Element | null): HTMLElement | null {
  const button = active?.closest("[role=menu]")?.getAttribute("aria-labelledby");
  const opener = button === null || button === undefined ? active : document.getElementById(button);
  return opener instanceof HTMLElement && opener !== document.body ? opener : null;
}
