//! Places in a document that survive changes of it: entries of lists are named by their `id`, as the merge does, not by
//! an index that the next insertion shifts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::syntax::escape_token;

/// One step down from a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// To the member of an object.
    Key(String),
    /// To the element with this `id`, of an array whose elements all have one.
    Id {
        /// The `id`: a string or a number.
        id: Value,
    },
    /// To an element of another array, by its index.
    Index(usize),
}

/// The steps from the whole document to a value; none for the document itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Place(pub Vec<Step>);

/// Why there is no such place any more, as a sentence's end: "`dv_001` is not in /design_variables any more".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone(pub String);

impl Place {
    /// The place that a JSON pointer (RFC 6901) names, every number being an index.
    #[must_use]
    pub fn of_pointer(pointer: &str) -> Self {
        let step = |token: &str| match token.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key(token.replace("~1", "/").replace("~0", "~")),
        };
        Self(pointer.split('/').skip(1).map(step).collect())
    }

    /// Where the place is in `root` now, as a JSON pointer. Where only the value itself is missing, where it would be:
    /// for an element of an array `…/-`.
    ///
    /// An element without `id` is where its index says if the value there is still `known`, else where alone it is.
    ///
    /// # Errors
    /// [`Gone`], where it cannot be told.
    pub fn find(&self, root: &Value, known: Option<&Value>) -> Result<String, Gone> {
        let mut pointer = String::new();
        let mut value = root;
        for (depth, step) in self.0.iter().enumerate() {
            let rest = &self.0[depth + 1..];
            let below = match (step, value) {
                (Step::Key(name), Value::Object(members)) => {
                    let token = escape_token(name).into_owned();
                    (token, members.get(name))
                }
                (Step::Id { id }, Value::Array(elements)) => {
                    let index = elements
                        .iter()
                        .position(|element| element.get("id").is_some_and(|it| same_id(it, id)));
                    match index {
                        Some(index) => (index.to_string(), elements.get(index)),
                        None => ("-".to_owned(), None),
                    }
                }
                (Step::Index(index), Value::Array(elements)) => {
                    let index = index_of(elements, *index, rest, known)
                        .ok_or_else(|| Gone(format!("the list {pointer} has changed since")))?;
                    (index.to_string(), elements.get(index))
                }
                (Step::Index(index), Value::Object(members)) => {
                    let token = index.to_string();
                    let member = members.get(&token);
                    (token, member)
                }
                _ => return Err(Gone(format!("there is no such list at {pointer} any more"))),
            };
            let (token, next) = below;
            value = match next {
                Some(next) => next,
                None if rest.is_empty() => &Value::Null,
                None => return Err(gone(step, &pointer)),
            };
            pointer.push('/');
            pointer.push_str(&token);
        }
        Ok(pointer)
    }
}

fn gone(step: &Step, pointer: &str) -> Gone {
    let name = match step {
        Step::Key(name) => name.clone(),
        Step::Id {
            id: Value::String(id),
        } => id.clone(),
        Step::Id { id } => id.to_string(),
        Step::Index(index) => index.to_string(),
    };
    let list = if pointer.is_empty() {
        "the spec"
    } else {
        pointer
    };
    Gone(format!("`{name}` is not in {list} any more"))
}

/// The element whose value at `rest` is `known`: the one at `index`, or else the only one.
fn index_of(
    elements: &[Value],
    index: usize,
    rest: &[Step],
    known: Option<&Value>,
) -> Option<usize> {
    let rest = Place(rest.to_vec());
    let holds = |element: &Value| {
        let pointer = rest.find(element, known).ok();
        pointer.and_then(|pointer| element.pointer(&pointer)) == known
    };
    if elements.get(index).is_some_and(holds) {
        return Some(index);
    }
    let mut holding = (0..elements.len()).filter(|index| holds(&elements[*index]));
    holding.next().filter(|_| holding.next().is_none())
}

/// Numbers by value, as the merge compares them.
fn same_id(a: &Value, b: &Value) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(steps: Value) -> Place {
        serde_json::from_value(steps).expect("a place")
    }

    #[test]
    fn an_entry_with_an_id_is_found_wherever_it_has_gone() {
        let baseline = place(json!(["list", {"id": "b"}, "baseline"]));
        let now = json!({"list": [{"id": "new"}, {"id": "a"}, {"id": "b", "baseline": 7}]});
        assert_eq!(
            baseline.find(&now, Some(&json!(3))),
            Ok("/list/2/baseline".into())
        );
        let without = json!({"list": [{"id": "a", "baseline": 3}]});
        let gone = Gone("`b` is not in /list any more".into());
        assert_eq!(baseline.find(&without, Some(&json!(3))), Err(gone));
    }

    #[test]
    fn what_is_missing_itself_is_where_it_would_be() {
        let entry = place(json!(["list", {"id": 1}]));
        assert_eq!(entry.find(&json!({"list": []}), None), Ok("/list/-".into()));
        assert_eq!(
            entry.find(&json!({"list": [{"id": 1.0}]}), None),
            Ok("/list/0".into())
        );
        let member = place(json!(["a/b"]));
        assert_eq!(member.find(&json!({}), None), Ok("/a~1b".into()));
        assert_eq!(Place::default().find(&json!({}), None), Ok(String::new()));
    }

    #[test]
    fn an_element_without_an_id_is_told_by_its_value_or_not_at_all() {
        let second = place(json!(["edges", 1, "source"]));
        let edges = |sources: &[&str]| {
            let edges: Vec<Value> = sources.iter().map(|it| json!({"source": it})).collect();
            json!({ "edges": edges })
        };
        let find = |sources| second.find(&edges(sources), Some(&json!("x")));
        assert_eq!(find(&["a", "x"]), Ok("/edges/1/source".into()));
        assert_eq!(find(&["new", "a", "x"]), Ok("/edges/2/source".into()));
        let gone = Err(Gone("the list /edges has changed since".into()));
        assert_eq!(find(&["x", "a", "x"]), gone, "either could be meant");
        assert_eq!(find(&["a", "b"]), gone);
    }

    #[test]
    fn a_place_of_a_pointer_is_the_same_place() {
        let place = Place::of_pointer("/a~1b/0/c");
        let now = json!({"a/b": [{"c": 1}]});
        assert_eq!(place.find(&now, Some(&json!(1))), Ok("/a~1b/0/c".into()));
    }
}
