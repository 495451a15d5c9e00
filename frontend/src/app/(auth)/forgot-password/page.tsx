import type { Metadata } from "next";

import { ForgotPasswordPage } from "@/features/login/forgot-password-page";

export const metadata: Metadata = { title: "New password" };

export default function Page() {
  return <ForgotPasswordPage />;
}
