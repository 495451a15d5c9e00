import type { ButtonProps } from "./ui/button";
import { Button } from "./ui/button";
import { Spinner } from "./spinner";

/** Shows that its work is under way, and takes no second press meanwhile. */
export function SubmitButton({ pending, children, ...props }: ButtonProps & { pending: boolean }) {
  return (
    <Button type="submit" variant="primary" aria-disabled={pending || undefined} {...props} onClick={pending ? (event) => { event.preventDefault(); } : props.onClick}>
      {pending && <Spinner />}
      {children}
    </Button>
  );
}
