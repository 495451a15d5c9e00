import { SignUpPage } from "@/features/login/sign-up-page";

export default function Page() {
  return <SignUpPage />;
}
