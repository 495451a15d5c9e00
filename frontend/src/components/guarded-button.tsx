"use client";

import type { ButtonProps } from "./ui/button";
import { Button } from "./ui/button";
import { Tooltip } from "./ui/tooltip";

/** A button that stays in its place when it may not be pressed, and says why. */
export function GuardedButton({ reason, children, ...props }: ButtonProps & { reason: string | undefined }) {
  if (reason === undefined) return <Button {...props}>{children}</Button>;
  const { onClick: _onClick, asChild: _asChild, ...rest } = props;
  return (
    <Tooltip text={reason}>
      <Button
        {...rest}
        aria-disabled
        onClick={(event) => {
          event.preventDefault();
        }}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
