//! What the program prints: one JSON object a line, read leniently.
//!
//! Only what the turn engine uses is given a type. Everything else – an event of the future, a line that is no JSON –
//! is [`Event::Other`] or [`Event::Garbage`] and costs nothing but a count.

mod parse;

use serde::Deserialize;
use serde_json::Value;

/// One line of the program.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `system/init`, again every turn.
    Init {
        /// Claude's own id of the conversation, for `--resume`.
        session_id: Option<String>,
        /// It has MCP servers: processes that it keeps for its whole life.
        has_servers: bool,
        /// MCP servers that did not start.
        failed_servers: Vec<String>,
    },
    /// A message of the API begins.
    MessageStart {
        /// The API's id.
        id: Option<String>,
        /// All that was sent for it, in tokens: as much of the model's window is filled.
        context_tokens: Option<u64>,
    },
    /// A block of a message begins.
    BlockStart {
        /// Its place in the message.
        index: u64,
        /// What it is.
        block: Block,
    },
    /// More of a block.
    Delta {
        /// The block's place in the message.
        index: u64,
        /// What came.
        delta: Delta,
    },
    /// A block is complete.
    BlockStop {
        /// Its place in the message.
        index: u64,
    },
    /// A message is complete, or was cut off: then blocks from `abandoned_from` on are void and come again.
    MessageStop {
        /// First void block.
        abandoned_from: Option<u64>,
    },
    /// Whole blocks; may repeat what was streamed.
    Assistant {
        /// The API's id of the message.
        message_id: Option<String>,
        /// The blocks.
        blocks: Vec<WholeBlock>,
        /// A sub-agent speaks, not Claude to the user.
        subagent: bool,
        /// Made by the program itself, as for an API error.
        synthetic: bool,
    },
    /// What tools gave back.
    ToolResults(Vec<ToolOutcome>),
    /// `system/permission_denied`: the program refused a tool by itself.
    PermissionDenied {
        /// The use it refused.
        tool_use_id: Option<String>,
        /// The tool.
        tool_name: String,
        /// Why.
        reason: String,
    },
    /// The API is in trouble and will be asked again.
    Retry {
        /// Counts from 1.
        attempt: u32,
        /// The last.
        max_attempts: u32,
        /// Until then.
        delay_ms: u64,
        /// What happened.
        message: String,
    },
    /// The program asks whether it may use a tool.
    CanUseTool(ToolQuestion),
    /// It no longer wants an answer.
    QuestionWithdrawn {
        /// The question's.
        request_id: String,
    },
    /// Any other request of the program: it must be answered, with an error.
    UnknownRequest {
        /// The request's.
        request_id: String,
        /// Its kind.
        subtype: String,
    },
    /// An answer to one of our requests.
    ControlResponse {
        /// Ours.
        request_id: String,
        /// Its answer, or what it says is wrong.
        outcome: Result<Value, String>,
    },
    /// The turn is over.
    Result(Box<Outcome>),
    /// Known to be unknown.
    Other,
    /// Not a JSON object.
    Garbage,
}

/// The kind of a streamed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// For the user.
    Text,
    /// Claude's own thoughts.
    Thinking,
    /// A tool; its input comes as [`Delta::Input`].
    ToolUse {
        /// Claude's id of this use.
        id: String,
        /// `Edit`, …
        name: String,
    },
    /// Of no interest.
    Other,
}

/// A piece of a streamed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// Of a text.
    Text(String),
    /// Of thoughts.
    Thinking(String),
    /// Of a tool's input, as JSON text.
    Input(String),
    /// Of no interest.
    Other,
}

/// A block as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum WholeBlock {
    /// For the user.
    Text(String),
    /// Claude's own thoughts.
    Thinking(String),
    /// A tool and its input.
    ToolUse {
        /// Claude's id of this use.
        id: String,
        /// `Edit`, …
        name: String,
        /// As Claude gave it.
        input: Value,
    },
}

/// What one use of a tool gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutcome {
    /// Claude's id of this use.
    pub id: String,
    /// It failed or was denied.
    pub is_error: bool,
    /// What Claude sees of it, as text.
    pub text: String,
    /// The file it read or wrote, where the program says so.
    pub file: Option<String>,
}

/// "May I use this tool?"
#[derive(Debug, Clone, PartialEq)]
pub struct ToolQuestion {
    /// To be given back with the answer.
    pub request_id: String,
    /// `Bash`, …
    pub tool_name: String,
    /// As Claude gave it.
    pub input: Value,
    /// In words.
    pub description: String,
    /// Claude's id of this use.
    pub tool_use_id: Option<String>,
    /// Rules that would spare the question next time, as `Tool(pattern)`.
    pub suggested_rules: Vec<String>,
}

/// The end of a turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// It failed. (`subtype` may say `success` all the same.)
    pub is_error: bool,
    /// Answer or error in words.
    pub text: String,
    /// Claude's own id of the conversation.
    pub session_id: Option<String>,
    /// Tokens of this turn.
    pub usage: Option<Tokens>,
    /// US dollars of the program's whole life.
    pub total_cost_usd: Option<f64>,
    /// Tokens that fit into the model's window, of the model that was sent most in the program's life.
    pub context_window: Option<u64>,
    /// `completed`, `api_error`, `aborted…`
    pub terminal_reason: Option<String>,
    /// It answers no message of ours: Claude spoke by itself (`origin`, as of a background task that has ended).
    pub by_itself: bool,
}

/// Tokens as the API counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Not from the cache.
    pub input_tokens: u64,
    /// Written to the cache.
    pub cache_creation_input_tokens: u64,
    /// Read from the cache.
    pub cache_read_input_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
}

impl Tokens {
    /// All tokens sent.
    pub fn sent(self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_creation_input_tokens)
            .saturating_add(self.cache_read_input_tokens)
    }
}

#[cfg(test)]
mod tests;
