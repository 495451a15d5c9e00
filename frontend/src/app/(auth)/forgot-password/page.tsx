import { ForgotPasswordPage } from "@/features/login/forgot-password-page";

export default function Page() {
  return <ForgotPasswordPage />;
}
