//! The methods that a relay treats in their own way. Everything else is passed on by its name.

/// A method name, recognised where it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method<'a> {
    Initialize,
    Initialized,
    Ping,
    Cancelled,
    Progress,
    ToolsList,
    ToolsCall,
    PromptsList,
    PromptsGet,
    ResourcesList,
    ResourceTemplatesList,
    ResourcesRead,
    ResourcesSubscribe,
    ResourcesUnsubscribe,
    Complete,
    SetLevel,
    RootsListChanged,
    Discover,
    Other(&'a str),
}

macro_rules! names {
    ($($name:literal => $method:ident,)*) => {
        impl<'a> Method<'a> {
            /// The names of all but [`Method::Other`].
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            #[must_use]
            pub fn parse(name: &'a str) -> Self {
                match name {
                    $($name => Self::$method,)*
                    other => Self::Other(other),
                }
            }

            #[must_use]
            pub const fn as_str(&self) -> &'a str {
                match self {
                    $(Self::$method => $name,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

names! {
    "initialize" => Initialize,
    "notifications/initialized" => Initialized,
    "ping" => Ping,
    "notifications/cancelled" => Cancelled,
    "notifications/progress" => Progress,
    "tools/list" => ToolsList,
    "tools/call" => ToolsCall,
    "prompts/list" => PromptsList,
    "prompts/get" => PromptsGet,
    "resources/list" => ResourcesList,
    "resources/templates/list" => ResourceTemplatesList,
    "resources/read" => ResourcesRead,
    "resources/subscribe" => ResourcesSubscribe,
    "resources/unsubscribe" => ResourcesUnsubscribe,
    "completion/complete" => Complete,
    "logging/setLevel" => SetLevel,
    "notifications/roots/list_changed" => RootsListChanged,
    "server/discover" => Discover,
}

/// Notifications by which a server says that a list has changed.
pub const TOOLS_LIST_CHANGED: &str = "notifications/tools/list_changed";
pub const PROMPTS_LIST_CHANGED: &str = "notifications/prompts/list_changed";
pub const RESOURCES_LIST_CHANGED: &str = "notifications/resources/list_changed";
/// Whether a notification says that a list has changed.
#[must_use]
pub fn is_list_changed(method: &str) -> bool {
    matches!(method, TOOLS_LIST_CHANGED | PROMPTS_LIST_CHANGED | RESOURCES_LIST_CHANGED)
}

pub const RESOURCE_UPDATED: &str = "notifications/resources/updated";
/// The first message of a stream of `subscriptions/listen`.
pub const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
/// What a task has become, as a whole.
pub const TASK_CHANGED: &str = "notifications/tasks";
pub const LOG_MESSAGE: &str = "notifications/message";
