"use client";

import { type ComponentProps, useState } from "react";

import { Input } from "./ui/input";

interface AddressInputProps extends Omit<ComponentProps<typeof Input>, "value" | "defaultValue" | "onChange" | "onBlur"> {
  /** What the address says. */
  value: string;
  onText: (text: string) => void;
  /** What may stand in the field of what is written. */
  clean?: (text: string) => string;
}

/**
 * A field whose text stands in the address. The address is read a moment after it was written, which would take back
 * what is typed meanwhile: letters that are being composed, a date of which a part is there. So the text is the field's
 * own for as long as somebody is in it.
 */
export function AddressInput({ value, onText, clean, ...props }: AddressInputProps) {
  const [typed, setTyped] = useState<string>();
  return (
    <Input
      {...props}
      value={typed ?? value}
      onChange={({ target }) => {
        const text = clean === undefined ? target.value : clean(target.value);
        setTyped(text);
        onText(text);
      }}
      onBlur={() => {
        setTyped(undefined);
      }}
    />
  );
}

/** One that narrows a list by words. */
export function SearchInput({ label, ...props }: { label: string } & Omit<AddressInputProps, "type" | "aria-label" | "placeholder">) {
  return <AddressInput type="search" aria-label={label} placeholder={label} {...props} />;
}
