import { LoginPage } from "@/features/login/login-page";

export default function Page() {
  return <LoginPage />;
}
