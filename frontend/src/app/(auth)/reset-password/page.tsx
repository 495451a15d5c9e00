import { ResetPasswordPage } from "@/features/login/reset-password-page";

export default function Page() {
  return <ResetPasswordPage />;
}
