//! From one line of the program to an [`Event`].

use serde::Deserialize;
use serde_json::Value;

use super::{Block, Delta, Event, Outcome, Tokens, ToolOutcome, ToolQuestion, WholeBlock};

impl Event {
    /// Reads one line. Bytes that are no UTF-8 become U+FFFD.
    pub fn parse(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        match serde_json::from_str::<Value>(line.trim()) {
            Ok(Value::Object(mut object)) => {
                let kind = object
                    .get("type")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                Self::of(&kind, &mut object)
            }
            _ => Self::Garbage,
        }
    }

    fn of(kind: &str, object: &mut Object) -> Self {
        match kind {
            "stream_event" => Self::streamed(object),
            "assistant" => Self::assistant(object),
            "user" => Self::tool_results(object),
            "system" => Self::system(object),
            "control_request" => Self::request(object),
            "control_cancel_request" => Self::QuestionWithdrawn {
                request_id: text(object, "request_id"),
            },
            "control_response" => Self::response(object),
            "result" => Self::Result(Box::new(Outcome::of(object))),
            _ => Self::Other,
        }
    }

    fn streamed(object: &mut Object) -> Self {
        // A sub-agent's words are not the answer.
        if object
            .get("parent_tool_use_id")
            .is_some_and(|id| !id.is_null())
        {
            return Self::Other;
        }
        let abandoned_from = object
            .get("abandoned_blocks")
            .filter(|void| !void.is_null())
            .map(|void| {
                void.get("from_block_index")
                    .and_then(Value::as_u64)
                    .unwrap_or(0)
            });
        let Some(Value::Object(event)) = object.get_mut("event") else {
            return Self::Other;
        };
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match event.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                let message = event.get("message");
                let usage = message.and_then(|message| message.get("usage"));
                Self::MessageStart {
                    id: message.and_then(|message| string(message.get("id")?)),
                    context_tokens: usage
                        .and_then(|usage| Tokens::deserialize(usage).ok())
                        .map(Tokens::sent),
                }
            }
            Some("content_block_start") => Self::BlockStart {
                index,
                block: Block::of(event.get("content_block")),
            },
            Some("content_block_delta") => Self::Delta {
                index,
                delta: Delta::of(event.get_mut("delta")),
            },
            Some("content_block_stop") => Self::BlockStop { index },
            Some("message_stop") => Self::MessageStop { abandoned_from },
            _ => Self::Other,
        }
    }

    fn assistant(object: &mut Object) -> Self {
        let subagent = object
            .get("parent_tool_use_id")
            .is_some_and(|id| !id.is_null());
        let Some(Value::Object(message)) = object.get_mut("message") else {
            return Self::Other;
        };
        let blocks = match message.get_mut("content").map(Value::take) {
            Some(Value::Array(blocks)) => blocks.into_iter().filter_map(WholeBlock::of).collect(),
            Some(Value::String(text)) => vec![WholeBlock::Text(text)],
            _ => Vec::new(),
        };
        Self::Assistant {
            message_id: message.get("id").and_then(string),
            blocks,
            subagent,
            synthetic: message.get("model").and_then(Value::as_str) == Some("<synthetic>"),
        }
    }

    fn tool_results(object: &mut Object) -> Self {
        let file = object.get("tool_use_result").and_then(|result| {
            string(
                result
                    .get("filePath")
                    .or_else(|| result.get("file").and_then(|file| file.get("filePath")))?,
            )
        });
        let Some(Value::Array(blocks)) = object
            .get("message")
            .and_then(|message| message.get("content"))
        else {
            return Self::Other;
        };
        let results: Vec<ToolOutcome> = blocks
            .iter()
            .filter(|block| block.get("type").and_then(Value::as_str) == Some("tool_result"))
            .map(|block| ToolOutcome {
                id: block
                    .get("tool_use_id")
                    .and_then(string)
                    .unwrap_or_default(),
                is_error: block
                    .get("is_error")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                text: content_text(block.get("content")),
                file: file.clone(),
            })
            .collect();
        if results.is_empty() {
            Self::Other
        } else {
            Self::ToolResults(results)
        }
    }

    fn system(object: &Object) -> Self {
        match object.get("subtype").and_then(Value::as_str) {
            Some("init") => Self::Init {
                session_id: object.get("session_id").and_then(string),
                has_servers: object
                    .get("mcp_servers")
                    .and_then(Value::as_array)
                    .is_some_and(|all| !all.is_empty()),
                failed_servers: failed_servers(object.get("mcp_servers")),
            },
            Some("permission_denied") => Self::PermissionDenied {
                tool_use_id: object.get("tool_use_id").and_then(string),
                tool_name: text(object, "tool_name"),
                reason: ["message", "decision_reason", "reason"]
                    .iter()
                    .map(|key| text(object, key))
                    .find(|reason| !reason.is_empty())
                    .unwrap_or_else(|| "denied by claude's own settings".into()),
            },
            Some("api_retry") => Self::Retry {
                attempt: number(object, "attempt") as u32,
                max_attempts: number(object, "max_retries") as u32,
                delay_ms: number(object, "retry_delay_ms"),
                message: retry_message(object),
            },
            _ => Self::Other,
        }
    }

    fn request(object: &mut Object) -> Self {
        let request_id = text(object, "request_id");
        let Some(Value::Object(request)) = object.get_mut("request") else {
            return Self::Other;
        };
        let subtype = text(request, "subtype");
        if subtype != "can_use_tool" {
            return Self::UnknownRequest {
                request_id,
                subtype,
            };
        }
        Self::CanUseTool(ToolQuestion {
            request_id,
            tool_name: text(request, "tool_name"),
            description: text(request, "description"),
            tool_use_id: request.get("tool_use_id").and_then(string),
            suggested_rules: suggested_rules(request.get("permission_suggestions")),
            input: request
                .get_mut("input")
                .map(Value::take)
                .unwrap_or_default(),
        })
    }

    fn response(object: &mut Object) -> Self {
        let Some(Value::Object(response)) = object.get_mut("response") else {
            return Self::Other;
        };
        let request_id = text(response, "request_id");
        let outcome = if text(response, "subtype") == "error" {
            Err(text(response, "error"))
        } else {
            Ok(response
                .get_mut("response")
                .map(Value::take)
                .unwrap_or_default())
        };
        Self::ControlResponse {
            request_id,
            outcome,
        }
    }
}

impl Block {
    fn of(block: Option<&Value>) -> Self {
        let Some(block) = block else {
            return Self::Other;
        };
        match block.get("type").and_then(Value::as_str) {
            Some("text") => Self::Text,
            Some("thinking") => Self::Thinking,
            Some("tool_use") => Self::ToolUse {
                id: block.get("id").and_then(string).unwrap_or_default(),
                name: block.get("name").and_then(string).unwrap_or_default(),
            },
            _ => Self::Other,
        }
    }
}

impl Delta {
    fn of(delta: Option<&mut Value>) -> Self {
        let Some(Value::Object(delta)) = delta else {
            return Self::Other;
        };
        let mut take = |key: &str| match delta.get_mut(key).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        take("text")
            .map(Self::Text)
            .or_else(|| take("thinking").map(Self::Thinking))
            .or_else(|| take("partial_json").map(Self::Input))
            .unwrap_or(Self::Other)
    }
}

impl WholeBlock {
    fn of(mut block: Value) -> Option<Self> {
        match block.get("type").and_then(Value::as_str)? {
            "text" => Some(Self::Text(block.get("text").and_then(string)?)),
            "thinking" => Some(Self::Thinking(block.get("thinking").and_then(string)?)),
            "tool_use" => Some(Self::ToolUse {
                id: block.get("id").and_then(string)?,
                name: block.get("name").and_then(string)?,
                input: block.get_mut("input").map(Value::take).unwrap_or_default(),
            }),
            _ => None,
        }
    }
}

impl Outcome {
    fn of(object: &Object) -> Self {
        let errors = object
            .get("errors")
            .and_then(Value::as_array)
            .map(|errors| {
                errors
                    .iter()
                    .map(|error| string(error).unwrap_or_else(|| error.to_string()))
                    .collect::<Vec<_>>()
                    .join("\n")
            });
        Self {
            is_error: object
                .get("is_error")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            text: object
                .get("result")
                .and_then(string)
                .or(errors)
                .unwrap_or_default(),
            session_id: object.get("session_id").and_then(string),
            usage: object
                .get("usage")
                .and_then(|usage| Tokens::deserialize(usage).ok()),
            total_cost_usd: object.get("total_cost_usd").and_then(Value::as_f64),
            context_window: context_window(object.get("modelUsage")),
            terminal_reason: object.get("terminal_reason").and_then(string),
            by_itself: object.get("origin").is_some_and(|origin| {
                // Messages may be given an origin some day, too.
                let kind = origin.get("kind").and_then(Value::as_str);
                kind.is_some_and(|kind| !matches!(kind, "human" | "user" | "sdk"))
            }),
        }
    }
}

type Object = serde_json::Map<String, Value>;

fn string(value: &Value) -> Option<String> {
    value.as_str().map(String::from)
}

fn text(object: &Object, key: &str) -> String {
    object.get(key).and_then(string).unwrap_or_default()
}

fn number(object: &Object, key: &str) -> u64 {
    object.get(key).and_then(Value::as_f64).unwrap_or(0.0) as u64
}

fn context_window(models: Option<&Value>) -> Option<u64> {
    let sent = |model: &Value| {
        [
            "inputTokens",
            "cacheReadInputTokens",
            "cacheCreationInputTokens",
        ]
        .iter()
        .filter_map(|key| model.get(key)?.as_u64())
        .fold(0, u64::saturating_add)
    };
    let models = models?.as_object()?.values();
    models
        .max_by_key(|model| sent(model))?
        .get("contextWindow")?
        .as_u64()
}

fn retry_message(object: &Object) -> String {
    let error = text(object, "error");
    match object.get("error_status").and_then(Value::as_u64) {
        Some(status) => format!("{error} (HTTP {status})"),
        None => error,
    }
}

fn failed_servers(servers: Option<&Value>) -> Vec<String> {
    let servers = servers
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    servers
        .iter()
        .filter(|server| server.get("status").and_then(Value::as_str) == Some("failed"))
        .filter_map(|server| string(server.get("name")?))
        .collect()
}

/// The `addRules` among the suggestions, written as in claude's own settings.
fn suggested_rules(suggestions: Option<&Value>) -> Vec<String> {
    let suggestions = suggestions
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    suggestions
        .iter()
        .filter(|suggestion| suggestion.get("type").and_then(Value::as_str) == Some("addRules"))
        .filter(|suggestion| suggestion.get("behavior").and_then(Value::as_str) != Some("deny"))
        .filter_map(|suggestion| suggestion.get("rules")?.as_array())
        .flatten()
        .filter_map(|rule| {
            let tool = rule.get("toolName")?.as_str()?;
            Some(match rule.get("ruleContent").and_then(Value::as_str) {
                Some(content) => format!("{tool}({content})"),
                None => tool.to_owned(),
            })
        })
        .collect()
}

/// A tool's result is a string or an array of blocks.
fn content_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let texts = blocks
                .iter()
                .filter_map(|block| block.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
