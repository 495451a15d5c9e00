//! The SDK's server over standard input and output, as a child for the tests. Not part of the product.

#[path = "../tests/it/sdk/echo.rs"]
mod echo;

use rmcp::ServiceExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = echo::Echo.serve(rmcp::transport::stdio()).await?;
    service.waiting().await?;
    Ok(())
}
