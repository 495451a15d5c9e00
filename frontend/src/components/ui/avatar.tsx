import { cn } from "@/lib/cn";

/** A person or project as a letter on a colour that is always the same for the name. */
export function Avatar({ name, square = false, className }: { name: string; square?: boolean; className?: string }) {
  const hue = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7);
  return (
    <span
      aria-hidden
      style={{ background: `oklch(0.5 0.11 ${hue})` }}
      className={cn(
        "inline-flex size-6 shrink-0 items-center justify-center text-2xs font-semibold text-white uppercase",
        square ? "rounded-md" : "rounded-full",
        className,
      )}
    >
      {[...name.trim()][0] ?? "?"}
    </span>
  );
}
