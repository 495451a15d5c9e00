/** Short words on what was just done. Errors of forms and pages do not belong here: they stay where they arose. */

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface ToastEntry {
  id: number;
  tone: "success" | "danger";
  text: string;
  detail?: string;
  action?: ToastAction;
}

const MOST = 4;

let entries: readonly ToastEntry[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(next: readonly ToastEntry[]): void {
  entries = next;
  listeners.forEach((listener) => {
    listener();
  });
}

export const toasts = () => entries;

export function onToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function dismissToast(id: number): void {
  change(entries.filter((entry) => entry.id !== id));
}

type Extra = Pick<ToastEntry, "detail" | "action">;

function show(tone: ToastEntry["tone"], text: string, extra: Extra = {}): void {
  const id = nextId;
  nextId += 1;
  change([...entries, { id, tone, text, ...extra }].slice(-MOST));
}

export const toast = {
  success: (text: string, extra?: Extra) => {
    show("success", text, extra);
  },
  error: (text: string, extra?: Extra) => {
    show("danger", text, extra);
  },
};
