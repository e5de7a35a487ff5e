//! The five changes.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{
    FIXED, LISTS, List, ORDER, Outcome, Skipped, data::in_words_of_the_spec, edges, fixed, text,
};
use crate::{
    spec::{
        rewrite::{Style, remove_element, remove_member},
        syntax::{Kind, Node, Parsed},
    },
    text::{Edit, minimal},
};

/// Why a modification was not applied.
type Refusal = String;

pub(super) fn all(spec: &Parsed, modifications: &[Value]) -> Outcome {
    let mut draft = Draft {
        style: Style::of(spec),
        spec: spec.clone(),
    };
    let mut skipped = Vec::new();
    for (index, modification) in modifications.iter().enumerate() {
        let before = draft.spec.clone();
        if let Err(reason) = draft.modify(modification) {
            draft.spec = before; // nothing of it
            skipped.push(Skipped { index, reason });
        }
    }
    let edits = if skipped.len() == modifications.len() {
        Vec::new()
    } else {
        minimal(&spec.text().to_string(), &draft.spec.text().to_string())
    };
    Outcome {
        edits,
        applied: modifications.len() - skipped.len(),
        skipped,
    }
}

/// The spec as the modifications so far left it.
struct Draft {
    spec: Parsed,
    style: Style,
}

impl Draft {
    fn modify(&mut self, modification: &Value) -> Result<(), Refusal> {
        if !self.spec.is_valid() {
            return Err("the spec is not valid JSON".into());
        }
        if self.root()?.kind() != Kind::Object {
            return Err("the spec is not an object".into());
        }
        // As it stands in an answer, around the modification itself.
        let modification = modification.get("modification").unwrap_or(modification);
        match word(modification, "action")? {
            "add_node" => self.add_node(modification),
            "update_node" => self.update_node(modification),
            "remove_node" => self.remove_node(word(modification, "nodeId")?),
            "add_edge" => self.add_edge(modification),
            "remove_edge" => self.remove_edge(modification),
            other => Err(format!(
                "unknown action `{other}`; known are add_node, update_node, remove_node, add_edge and remove_edge"
            )),
        }
    }

    fn root(&self) -> Result<Node<'_>, Refusal> {
        self.spec.root().ok_or_else(|| "the spec is empty".into())
    }

    fn edit(&mut self, edit: Option<Edit>) {
        if let Some(edit) = edit {
            self.spec = self.spec.edit(&[edit]);
        }
    }

    fn add_node(&mut self, modification: &Value) -> Result<(), Refusal> {
        let node_type = word(modification, "nodeType")?;
        let list = LISTS
            .iter()
            .find(|list| list.kind == node_type)
            .ok_or_else(|| {
                format!(
                    "unknown nodeType `{node_type}`; known are designVar, extractor, objective and constraint"
                )
            })?;
        let data = in_words_of_the_spec(data(modification)?, node_type);
        let id = self.new_id(list, &data)?;
        let mut entry = Map::new();
        entry.insert("id".into(), id.as_str().into());
        entry.insert("name".into(), id.into());
        entry.extend(
            data.into_iter()
                .filter(|(key, value)| key != "id" && !value.is_null()),
        );
        let entry = Value::Object(entry);

        let root = self.root()?;
        let text = self.spec.text();
        let edit = match root.get(list.key) {
            None => {
                let place = ORDER.iter().position(|key| *key == list.key).unwrap_or(0);
                let entries = Value::Array(vec![entry]);
                self.style
                    .set_member(text, root, list.key, &entries, &ORDER[..place])
            }
            Some(entries) if entries.kind() == Kind::Array => {
                Some(self.style.push_element(text, entries, &entry))
            }
            Some(_) => return Err(format!("the spec's `{}` is not a list", list.key)),
        };
        self.edit(edit);
        Ok(())
    }

    /// The id that the data asks for, when it is free and of the right form; else the next free one.
    fn new_id(&self, list: &List, data: &Map<String, Value>) -> Result<String, Refusal> {
        let root = self.root()?;
        let wanted = match data.get("id") {
            None | Some(Value::Null) => return Ok(next_id(root, list)),
            Some(Value::String(id)) => id,
            Some(other) => return Err(format!("the id {other} is not a string")),
        };
        let digits = wanted.strip_prefix(list.prefix).unwrap_or_default();
        if digits.len() < 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "the id `{wanted}` is not `{}` and at least three digits",
                list.prefix
            ));
        }
        if ids(root).contains(wanted) {
            return Err(format!("the id `{wanted}` is taken"));
        }
        Ok(wanted.clone())
    }

    fn update_node(&mut self, modification: &Value) -> Result<(), Refusal> {
        let id = word(modification, "nodeId")?;
        let data = data(modification)?;
        let (pointer, kind) = self.place(id)?;
        let data = match kind {
            Some(kind) => in_words_of_the_spec(data, kind),
            None => data.clone(),
        };
        if kind.is_some() && data.get("id").is_some_and(|new| new.as_str() != Some(id)) {
            return Err("an id is not changed here: rename it in the editor".into());
        }
        self.merge(&pointer, &data)
    }

    /// Sets what `data` has in the object at `pointer`; objects in objects are merged, null removes.
    fn merge(&mut self, pointer: &[String], data: &Map<String, Value>) -> Result<(), Refusal> {
        for (key, value) in data {
            let object = self.at(pointer)?;
            let old = object.get(key);
            let edit = match value {
                Value::Null => remove_member(object, key),
                Value::Object(inner) if old.is_some_and(|old| old.kind() == Kind::Object) => {
                    let pointer: Vec<String> = pointer.iter().chain([key]).cloned().collect();
                    self.merge(&pointer, inner)?;
                    continue;
                }
                value => self
                    .style
                    .set_member(self.spec.text(), object, key, value, &[]),
            };
            self.edit(edit);
        }
        Ok(())
    }

    fn remove_node(&mut self, id: &str) -> Result<(), Refusal> {
        if FIXED.contains(&id) {
            return Err(format!("`{id}` is part of every study"));
        }
        let (pointer, _) = self.place(id)?;
        let (index, list) = pointer.split_last().ok_or("no place")?;
        let index = index.parse().map_err(|_| "no place")?;
        let edit = remove_element(self.at(list)?, index);
        self.edit(edit);
        self.remove_edges(|edge| is(edge, "source", id) || is(edge, "target", id))?;
        self.remove_from_groups(id)?;
        self.remove_sources(id)
    }

    /// Removes the edges that `which` wants; tells how many.
    fn remove_edges(&mut self, which: impl Fn(Node<'_>) -> bool) -> Result<usize, Refusal> {
        let mut removed = 0;
        while let Some(edit) = edges(self.root()?).and_then(|edges| {
            let index = edges.elements().position(&which)?;
            remove_element(edges, index)
        }) {
            self.edit(Some(edit));
            removed += 1;
        }
        Ok(removed)
    }

    fn remove_from_groups(&mut self, id: &str) -> Result<(), Refusal> {
        loop {
            let groups = self
                .root()?
                .get("canvas")
                .and_then(|canvas| canvas.get("groups"));
            let edit = groups
                .iter()
                .flat_map(|groups| groups.elements())
                .filter_map(|group| group.get("node_ids"))
                .find_map(|list| {
                    let index = list
                        .elements()
                        .position(|n| n.as_str().is_some_and(|n| n == id))?;
                    remove_element(list, index)
                });
            if edit.is_none() {
                return Ok(());
            }
            self.edit(edit);
        }
    }

    /// The `source` of objectives and constraints that read this extractor.
    fn remove_sources(&mut self, id: &str) -> Result<(), Refusal> {
        loop {
            let root = self.root()?;
            let edit = ["objectives", "constraints"]
                .into_iter()
                .filter_map(|key| root.get(key))
                .flat_map(|list| list.elements())
                .find(|entry| {
                    entry
                        .get("source")
                        .is_some_and(|source| is(source, "extractor_id", id))
                })
                .and_then(|entry| remove_member(entry, "source"));
            if edit.is_none() {
                return Ok(());
            }
            self.edit(edit);
        }
    }

    fn add_edge(&mut self, modification: &Value) -> Result<(), Refusal> {
        let (source, target) = self.ends(modification)?;
        let root = self.root()?;
        let known = ids(root);
        for end in [source, target] {
            if !known.contains(end) && !FIXED.contains(&end) {
                return Err(format!("there is no node `{end}`"));
            }
        }
        let edge = json!({"source": source, "target": target});
        let spec_text = self.spec.text();
        let edit = match (root.get("canvas"), edges(root)) {
            (_, Some(edges)) if edges.kind() == Kind::Array => {
                let drawn = edges
                    .elements()
                    .any(|edge| is(edge, "source", source) && is(edge, "target", target));
                (!drawn).then(|| self.style.push_element(spec_text, edges, &edge))
            }
            (Some(canvas), None) if canvas.kind() == Kind::Object => {
                self.style
                    .set_member(spec_text, canvas, "edges", &json!([edge]), &[])
            }
            (None, _) => {
                self.style
                    .set_member(spec_text, root, "canvas", &json!({"edges": [edge]}), &ORDER)
            }
            _ => return Err("the spec's `canvas.edges` is not a list".into()),
        };
        self.edit(edit);
        Ok(())
    }

    fn remove_edge(&mut self, modification: &Value) -> Result<(), Refusal> {
        let (source, target) = self.ends(modification)?;
        match self.remove_edges(|edge| is(edge, "source", source) && is(edge, "target", target))? {
            0 => Err(format!("there is no edge from `{source}` to `{target}`")),
            _ => Ok(()),
        }
    }

    fn ends<'m>(&self, modification: &'m Value) -> Result<(&'m str, &'m str), Refusal> {
        Ok((word(modification, "source")?, word(modification, "target")?))
    }

    /// Where a node is, and the kind of one that is an entry.
    fn place(&self, id: &str) -> Result<(Vec<String>, Option<&'static str>), Refusal> {
        let root = self.root()?;
        for list in &LISTS {
            let entries = root.get(list.key);
            let index = entries
                .iter()
                .flat_map(|entries| entries.elements())
                .position(|entry| is(entry, "id", id));
            if let Some(index) = index {
                return Ok((vec![list.key.into(), index.to_string()], Some(list.kind)));
            }
        }
        let keys: &[&str] = match id {
            "model" => &["model"],
            "solver" => &["model", "sim"],
            "optimization" => &["optimization"],
            "surrogate" => &["optimization", "surrogate"],
            _ => return Err(format!("there is no node `{id}`")),
        };
        match fixed(root, id) {
            Some(node) if node.kind() == Kind::Object => {
                Ok((keys.iter().map(|key| (*key).to_owned()).collect(), None))
            }
            _ => Err(format!("the spec has no `{}`", keys.join("."))),
        }
    }

    fn at(&self, pointer: &[String]) -> Result<Node<'_>, Refusal> {
        let pointer = crate::spec::syntax::pointer(pointer);
        self.spec
            .node_at_pointer(&pointer)
            .ok_or_else(|| format!("the spec has no `{pointer}`"))
    }
}

/// `object[key]` is this string.
fn is(object: Node<'_>, key: &str, value: &str) -> bool {
    text(object, key).as_deref() == Some(value)
}

/// The ids of all entries.
fn ids(root: Node<'_>) -> HashSet<String> {
    LISTS
        .iter()
        .filter_map(|list| root.get(list.key))
        .flat_map(|list| list.elements())
        .filter_map(|entry| text(entry, "id"))
        .collect()
}

/// The highest number of that kind + 1, in at least three digits.
fn next_id(root: Node<'_>, list: &List) -> String {
    let highest = ids(root)
        .iter()
        .filter_map(|id| id.strip_prefix(list.prefix)?.parse::<u64>().ok())
        .max()
        .unwrap_or(0);
    format!("{}{:03}", list.prefix, highest.saturating_add(1))
}

fn word<'m>(modification: &'m Value, key: &str) -> Result<&'m str, Refusal> {
    match modification.get(key) {
        Some(Value::String(word)) => Ok(word),
        Some(other) => Err(format!("`{key}` is a string, not {other}")),
        None => Err(format!("`{key}` is missing")),
    }
}

fn data(modification: &Value) -> Result<&Map<String, Value>, Refusal> {
    match modification.get("data") {
        Some(Value::Object(data)) => Ok(data),
        Some(_) => Err("`data` is not an object".into()),
        None => Err("`data` is missing".into()),
    }
}
