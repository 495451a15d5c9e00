//! How a server is spoken with, as it is sent and shown.

use orch_domain::dialect::{Era, Interactive};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which era of the protocol is used toward the server: `legacy` has a handshake (2024-11-05 to 2025-11-25), `modern`
/// has none (2026-07-28), `auto` finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Era)]
pub enum EraView {
    #[default]
    Auto,
    Legacy,
    Modern,
}

/// Whether the server may ask the clients behind its calls: `never` has all clients share its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Interactive)]
pub enum InteractiveView {
    #[default]
    Auto,
    Never,
}

impl From<EraView> for Era {
    fn from(view: EraView) -> Self {
        match view {
            EraView::Auto => Self::Auto,
            EraView::Legacy => Self::Legacy,
            EraView::Modern => Self::Modern,
        }
    }
}

impl From<Era> for EraView {
    fn from(era: Era) -> Self {
        match era {
            Era::Auto => Self::Auto,
            Era::Legacy => Self::Legacy,
            Era::Modern => Self::Modern,
        }
    }
}

impl From<InteractiveView> for Interactive {
    fn from(view: InteractiveView) -> Self {
        match view {
            InteractiveView::Auto => Self::Auto,
            InteractiveView::Never => Self::Never,
        }
    }
}

impl From<Interactive> for InteractiveView {
    fn from(interactive: Interactive) -> Self {
        match interactive {
            Interactive::Auto => Self::Auto,
            Interactive::Never => Self::Never,
        }
    }
}
