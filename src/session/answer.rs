//! An answer as it grows: from the program's events to the turn's.
//!
//! The program says most things twice: streamed in pieces, then whole. What was streamed is not said again; what was
//! not (after a broken stream the program asks the API anew without streaming) is taken from the whole.

use crate::claude::{
    Event,
    stream::{Block, Delta, ToolOutcome, WholeBlock},
};

use super::types::{ToolCall, TurnEvent};

/// The longest summary of a tool's result, in characters.
const SUMMARY_CHARS: usize = 200;

/// What Claude has said and done so far in a turn.
#[derive(Debug, Default)]
pub struct Answer {
    text: String,
    tool_calls: Vec<ToolCall>,
    message_id: Option<String>,
    blocks: Vec<Streamed>,
    context_tokens: Option<u64>,
}

/// A streamed block of the message that is being received.
#[derive(Debug)]
struct Streamed {
    index: u64,
    thinking: bool,
    /// Where it begins in the text, the blank line before it included; `None` until it says something.
    begin: Option<usize>,
    /// Its whole has been received, too.
    confirmed: bool,
}

impl Answer {
    /// All text that stands.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tokens that Claude was sent with his last request.
    pub fn context_tokens(&self) -> Option<u64> {
        self.context_tokens
    }

    /// Takes the text back: it was no answer to this message. Tools that were used stay.
    pub fn take_all_back(&mut self) -> Option<TurnEvent> {
        self.blocks.clear();
        if std::mem::take(&mut self.text).is_empty() {
            return None;
        }
        Some(TurnEvent::TextReset {
            text: String::new(),
        })
    }

    /// Tools used, in order.
    pub fn tool_calls(&self) -> &[ToolCall] {
        &self.tool_calls
    }

    /// The tool call of this id.
    pub fn tool_call(&self, id: &str) -> Option<&ToolCall> {
        self.tool_calls.iter().find(|call| call.id == id)
    }

    /// Takes both out, for the turn's result.
    pub fn into_parts(self) -> (String, Vec<ToolCall>) {
        (self.text, self.tool_calls)
    }

    /// Takes an event of the program and tells what the turn's listeners hear of it.
    pub fn take(&mut self, event: &Event) -> Vec<TurnEvent> {
        match event {
            Event::MessageStart { id, context_tokens } => {
                self.message_id = id.clone();
                self.context_tokens = context_tokens.or(self.context_tokens);
                self.blocks.clear();
                Vec::new()
            }
            Event::BlockStart { index, block } => {
                if matches!(block, Block::Text | Block::Thinking) {
                    let thinking = *block == Block::Thinking;
                    self.blocks.push(Streamed {
                        index: *index,
                        thinking,
                        begin: None,
                        confirmed: false,
                    });
                }
                Vec::new()
            }
            Event::Delta {
                index,
                delta: Delta::Text(delta),
            } => self.streamed_text(*index, delta).into_iter().collect(),
            Event::Delta {
                index,
                delta: Delta::Thinking(delta),
            } if !delta.is_empty() => {
                self.block(*index, true).begin = Some(0);
                vec![TurnEvent::Thinking {
                    delta: delta.clone(),
                }]
            }
            Event::MessageStop {
                abandoned_from: Some(index),
            } => self.take_back(*index).into_iter().collect(),
            Event::Assistant {
                synthetic: false,
                message_id,
                blocks,
                subagent,
            } => blocks
                .iter()
                .filter_map(|block| self.whole(message_id, block, *subagent))
                .collect(),
            Event::ToolResults(results) => results
                .iter()
                .map(|result| self.tool_result(result))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Adds text that comes as one piece and belongs to no streamed block.
    pub fn say(&mut self, text: &str) -> Option<TurnEvent> {
        if text.is_empty() {
            return None;
        }
        let before = self.text.len();
        self.separate();
        self.text.push_str(text);
        Some(TurnEvent::Text {
            delta: self.text[before..].to_owned(),
        })
    }

    fn streamed_text(&mut self, index: u64, delta: &str) -> Option<TurnEvent> {
        if delta.is_empty() {
            return None;
        }
        let before = self.text.len();
        if self.block(index, false).begin.is_none() {
            self.block(index, false).begin = Some(before);
            self.separate();
        }
        self.text.push_str(delta);
        Some(TurnEvent::Text {
            delta: self.text[before..].to_owned(),
        })
    }

    /// Blocks are paragraphs of their own.
    fn separate(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push_str(if self.text.ends_with('\n') {
                "\n"
            } else {
                "\n\n"
            });
        }
    }

    /// The streamed block of this index; made when its beginning was not heard.
    fn block(&mut self, index: u64, thinking: bool) -> &mut Streamed {
        let place = self
            .blocks
            .iter()
            .rposition(|block| block.index == index)
            .unwrap_or_else(|| {
                self.blocks.push(Streamed {
                    index,
                    thinking,
                    begin: None,
                    confirmed: false,
                });
                self.blocks.len() - 1
            });
        &mut self.blocks[place]
    }

    fn take_back(&mut self, from: u64) -> Option<TurnEvent> {
        let void = self
            .blocks
            .iter()
            .filter(|block| block.index >= from && !block.thinking);
        let begin = void.filter_map(|block| block.begin).min();
        self.blocks.retain(|block| block.index < from);
        self.text.truncate(begin?);
        Some(TurnEvent::TextReset {
            text: self.text.clone(),
        })
    }

    fn whole(
        &mut self,
        message_id: &Option<String>,
        block: &WholeBlock,
        subagent: bool,
    ) -> Option<TurnEvent> {
        if let WholeBlock::ToolUse { id, name, input } = block {
            if self.tool_call(id).is_some() {
                return None;
            }
            let (id, name, input) = (id.clone(), name.clone(), input.clone());
            let call = ToolCall {
                id: id.clone(),
                name: name.clone(),
                input: input.clone(),
                is_error: None,
                summary: None,
            };
            self.tool_calls.push(call);
            return Some(TurnEvent::ToolCall { id, name, input });
        }
        if subagent {
            return None;
        }
        if self.message_id != *message_id {
            self.message_id = message_id.clone();
            self.blocks.clear();
        }
        let thinking = matches!(block, WholeBlock::Thinking(_));
        let streamed = self.blocks.iter_mut().find(|streamed| {
            streamed.thinking == thinking && !streamed.confirmed && streamed.begin.is_some()
        });
        if let Some(streamed) = streamed {
            streamed.confirmed = true;
            return None;
        }
        match block {
            WholeBlock::Text(text) => self.say(text),
            WholeBlock::Thinking(text) if !text.is_empty() => Some(TurnEvent::Thinking {
                delta: text.clone(),
            }),
            _ => None,
        }
    }

    fn tool_result(&mut self, result: &ToolOutcome) -> TurnEvent {
        let summary = summary(&result.text);
        if let Some(call) = self.tool_calls.iter_mut().find(|call| call.id == result.id) {
            call.is_error = Some(result.is_error);
            call.summary = Some(summary.clone());
        }
        TurnEvent::ToolResult {
            id: result.id.clone(),
            is_error: result.is_error,
            summary,
        }
    }
}

/// The first line that says something, cut to [`SUMMARY_CHARS`].
fn summary(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    if line.chars().count() <= SUMMARY_CHARS {
        return line.to_owned();
    }
    line.chars().take(SUMMARY_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn start(id: &str) -> Event {
        Event::MessageStart {
            id: Some(id.into()),
            context_tokens: None,
        }
    }

    fn block(index: u64) -> Event {
        Event::BlockStart {
            index,
            block: Block::Text,
        }
    }

    fn delta(index: u64, text: &str) -> Event {
        Event::Delta {
            index,
            delta: Delta::Text(text.into()),
        }
    }

    fn whole(id: &str, text: &str) -> Event {
        let blocks = vec![WholeBlock::Text(text.into())];
        Event::Assistant {
            message_id: Some(id.into()),
            blocks,
            subagent: false,
            synthetic: false,
        }
    }

    /// The text that a listener has put together from events.
    fn heard(events: &[TurnEvent]) -> String {
        events.iter().fold(String::new(), |mut heard, event| {
            match event {
                TurnEvent::Text { delta } => heard.push_str(delta),
                TurnEvent::TextReset { text } => heard.clone_from(text),
                _ => {}
            }
            heard
        })
    }

    fn play(script: &[Event]) -> (String, Vec<TurnEvent>) {
        let mut answer = Answer::default();
        let events: Vec<_> = script.iter().flat_map(|event| answer.take(event)).collect();
        assert_eq!(
            heard(&events),
            answer.text(),
            "a listener hears what stands"
        );
        (answer.into_parts().0, events)
    }

    #[test]
    fn what_was_streamed_is_not_said_again() {
        let (text, events) = play(&[
            start("a"),
            block(0),
            delta(0, "Hel"),
            delta(0, "lo"),
            whole("a", "Hello"),
            Event::BlockStop { index: 0 },
        ]);
        assert_eq!(text, "Hello");
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn blocks_are_paragraphs() {
        let (text, _) = play(&[
            start("a"),
            block(0),
            delta(0, "One."),
            whole("a", "One."),
            start("b"),
            block(0),
            delta(0, "Two.\n"),
            whole("b", "Two.\n"),
            whole("c", "Three."),
        ]);
        assert_eq!(text, "One.\n\nTwo.\n\nThree.");
    }

    #[test]
    fn what_came_without_streaming_is_said_whole() {
        let (text, _) = play(&[
            start("a"),
            block(0),
            delta(0, "x"),
            whole("a", "x"),
            whole("b", "not streamed"),
        ]);
        assert_eq!(text, "x\n\nnot streamed");
    }

    #[test]
    fn void_text_is_taken_back_and_comes_again() {
        let (text, events) = play(&[
            start("a"),
            block(0),
            delta(0, "Stands."),
            whole("a", "Stands."),
            block(1),
            delta(1, "half of"),
            Event::MessageStop {
                abandoned_from: Some(1),
            },
            start("b"),
            block(0),
            delta(0, "whole of it"),
            whole("b", "whole of it"),
        ]);
        assert_eq!(text, "Stands.\n\nwhole of it");
        assert!(events.contains(&TurnEvent::TextReset {
            text: "Stands.".into()
        }));
    }

    #[test]
    fn void_text_may_come_again_without_streaming() {
        let void = Event::MessageStop {
            abandoned_from: Some(0),
        };
        let (text, _) = play(&[
            start("a"),
            block(0),
            delta(0, "half"),
            void,
            whole("b", "whole"),
        ]);
        assert_eq!(text, "whole");
    }

    #[test]
    fn an_interrupt_points_behind_the_block_and_its_text_stands() {
        let behind = Event::MessageStop {
            abandoned_from: Some(1),
        };
        let (text, events) = play(&[start("a"), block(0), delta(0, "so far"), behind]);
        assert_eq!(text, "so far");
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn an_api_error_is_not_the_answer() {
        let blocks = vec![WholeBlock::Text("API Error: 500".into())];
        let (text, _) = play(&[Event::Assistant {
            message_id: None,
            blocks,
            subagent: false,
            synthetic: true,
        }]);
        assert_eq!(text, "");
    }

    #[test]
    fn a_subagent_shows_its_tools_but_not_its_words() {
        let mut answer = Answer::default();
        let tool = WholeBlock::ToolUse {
            id: "t".into(),
            name: "Read".into(),
            input: json!({}),
        };
        let blocks = vec![WholeBlock::Text("psst".into()), tool];
        let event = Event::Assistant {
            message_id: Some("s".into()),
            blocks,
            subagent: true,
            synthetic: false,
        };
        let first = answer.take(&event);
        assert_eq!(
            first,
            [TurnEvent::ToolCall {
                id: "t".into(),
                name: "Read".into(),
                input: json!({})
            }]
        );
        assert!(answer.take(&event).is_empty(), "each use once");
        assert_eq!(answer.text(), "");
    }

    #[test]
    fn a_tool_result_is_kept_in_short_with_its_call() {
        let mut answer = Answer::default();
        let tool = WholeBlock::ToolUse {
            id: "t".into(),
            name: "Bash".into(),
            input: json!({}),
        };
        answer.take(&Event::Assistant {
            message_id: None,
            blocks: vec![tool],
            subagent: false,
            synthetic: false,
        });
        let text = format!("\n  {}\nsecond", "é".repeat(300));
        answer.take(&Event::ToolResults(vec![ToolOutcome {
            id: "t".into(),
            is_error: true,
            text,
            file: None,
        }]));
        let call = answer.tool_call("t").expect("the call");
        assert_eq!(call.is_error, Some(true));
        let summary = call.summary.as_deref().unwrap_or_default();
        assert_eq!(summary.chars().count(), SUMMARY_CHARS);
    }
}
