//! Specs that change while a turn runs.

use std::fs;

use atomizer_lsp::{
    session::{
        host::PermissionAnswer,
        types::{Applied, ChatRequest, Mode, SpecUpdate, Status, TurnEvent},
    },
    study::md5_hex,
};
use serde_json::{Value, json};

use super::rig::{Rig, Running, say, say_in};

const BEFORE: &str = "{\"meta\": {\"version\": \"2.0\"}}\n";

async fn rig() -> Rig {
    Rig::with(json!({}), |config| {
        config.claude.power_permissions = atomizer_lsp::session::config::PowerPermissions::Skip;
    })
    .await
}

fn start(rig: &Rig, steps: Value) -> Running {
    rig.workspace
        .write("scenario.json", &json!({"turns": [steps]}).to_string());
    rig.start(ChatRequest {
        mode: Some(Mode::Power),
        study_id: Some("beam".into()),
        ..say("make it stiffer")
    })
}

fn updates(events: &[TurnEvent]) -> Vec<SpecUpdate> {
    let update = |event: &TurnEvent| match event {
        TurnEvent::SpecUpdated(update) => Some(update.clone()),
        _ => None,
    };
    events.iter().filter_map(update).collect()
}

fn hash(text: &str) -> Option<String> {
    Some(md5_hex(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_told_delivered_and_kept() {
    let rig = rig().await;
    let edit = json!({"edit": {"path": rig.spec(), "old": "2.0", "new": "2.1"}});
    let (result, events) = start(&rig, json!([edit, {"text": "done"}])).finish().await;
    let after = BEFORE.replace("2.0", "2.1");
    let told = updates(&events);
    assert_eq!(told.len(), 1, "{events:#?}");
    assert_eq!(
        (told[0].hash_before.clone(), told[0].hash_after.clone()),
        (hash(BEFORE), hash(&after))
    );
    assert_eq!(
        (told[0].valid, told[0].applied, told[0].study_id.as_deref()),
        (true, Applied::Disk, Some("beam"))
    );
    assert_eq!(
        told[0].spec.as_ref().map(|spec| &spec["meta"]["version"]),
        Some(&json!("2.1"))
    );
    assert_eq!(
        result.spec_updates,
        [SpecUpdate {
            spec: None,
            ..told[0].clone()
        }]
    );
    assert_eq!(*rig.host.updates.lock().expect("updates"), told);

    let change = rig.host.changes.lock().expect("changes")[0].clone();
    assert_eq!(
        (change.base.as_deref(), change.theirs.as_deref()),
        (Some(BEFORE), Some(after.as_str()))
    );
    assert_eq!(change.label, "make it stiffer");
    let kept = rig.manager.turn_specs(&result.turn_id).await.expect("kept");
    assert_eq!(
        (kept[0].before.as_deref(), kept[0].after.as_deref()),
        (Some(BEFORE), Some(after.as_str()))
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_goes_out_while_the_turn_runs() {
    let rig = rig().await;
    let gate = rig.path("gate");
    let edit = |old: &str, new: &str| json!({"edit": {"path": rig.spec(), "old": old, "new": new}});
    let mut running = start(
        &rig,
        json!([edit("2.0", "2.1"), {"wait": gate}, edit("2.1", "2.2")]),
    );
    let first = running
        .until(|event| matches!(event, TurnEvent::SpecUpdated(_)))
        .await;
    fs::write(&gate, "").expect("opened");
    let (result, events) = running.finish().await;
    let (first, second) = (updates(&first), updates(&events));
    assert_eq!(
        first[0].hash_after, second[0].hash_before,
        "a chain of hashes"
    );
    assert_eq!(result.spec_updates.len(), 2);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_command_may_have_changed_any_spec() {
    let rig = rig().await;
    let other = rig
        .workspace
        .write("studies/arm/atomizer_spec.json", "{\"a\": 1}");
    let new = rig.path("studies/new/atomizer_spec.json");
    let command = format!(
        "sed -i s/1/2/ {}; mkdir -p {}; echo '{{}}' > {new}",
        other.display(),
        rig.path("studies/new")
    );
    let (result, _) = start(&rig, json!([{"bash": {"command": command}}]))
        .finish()
        .await;
    let told: Vec<_> = result
        .spec_updates
        .iter()
        .map(|update| update.study_id.as_deref())
        .collect();
    assert_eq!(told, [Some("arm"), Some("new")]);
    assert_eq!(
        result.spec_updates[1].hash_before, None,
        "there was no file"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_writes_is_not_claudes() {
    let rig = rig().await;
    let (gate, up) = (rig.path("gate"), rig.path("up"));
    let running = start(
        &rig,
        json!([{"text": "thinking"}, {"touch": up}, {"wait": gate}, {"read": {"path": rig.spec()}}]),
    );
    while !std::path::Path::new(&up).exists() {
        tokio::task::yield_now().await;
    }
    fs::write(rig.spec(), "{\"by\": \"hand\"}").expect("by hand");
    fs::write(&gate, "").expect("opened");
    let (result, _) = running.finish().await;
    assert_eq!(result.spec_updates, []);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_at_the_end_is_told_and_not_delivered() {
    let rig = rig().await;
    let half = "{\"meta\": {\"vers";
    let (result, _) = start(&rig, json!([{"write": {"path": rig.spec(), "text": half}}]))
        .finish()
        .await;
    let update = &result.spec_updates[0];
    assert_eq!((update.valid, update.applied), (false, Applied::Invalid));
    assert_eq!(
        (update.hash_before.clone(), update.hash_after.clone()),
        (hash(BEFORE), hash(half))
    );
    assert_eq!(rig.host.changes.lock().expect("changes").len(), 0);
    let kept = rig.manager.turn_specs(&result.turn_id).await.expect("kept");
    assert_eq!(kept[0].after.as_deref(), Some(half));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_file_is_waited_for() {
    let rig = rig().await;
    let whole = "{\"whole\": true}";
    let steps = json!([{"write": {"path": rig.spec(), "text": "{\"who"}}, {"write": {"path": rig.spec(), "text": whole}}]);
    let (result, _) = start(&rig, steps).finish().await;
    assert_eq!(result.spec_updates.len(), 1);
    assert_eq!(result.spec_updates[0].hash_after, hash(whole));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_that_is_removed_is_told_at_the_end() {
    let rig = rig().await;
    let command = format!("rm {}", rig.spec().display());
    let (result, _) = start(&rig, json!([{"bash": {"command": command}}]))
        .finish()
        .await;
    assert_eq!(
        (
            result.spec_updates[0].valid,
            result.spec_updates[0].hash_after.clone()
        ),
        (false, None)
    );
    let change = rig.host.changes.lock().expect("changes")[0].clone();
    assert_eq!(change.theirs, None);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_cancelled_turn_are_told_too() {
    let rig = rig().await;
    let edit = json!({"edit": {"path": rig.spec(), "old": "2.0", "new": "2.1"}});
    let mut running = start(&rig, json!([edit, {"text": "x"}, {"hang": true}]));
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    rig.manager.cancel(&session).await.expect("known");
    let (result, _) = running.finish().await;
    assert_eq!(result.spec_updates.len(), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_that_somebody_else_makes_meanwhile_is_not_claudes() {
    let rig = Rig::new(json!({})).await;
    let (gate, up) = (rig.path("gate"), rig.path("up"));
    let bash = json!({"bash": {"command": "true"}});
    let running = start(&rig, json!([{"touch": up}, {"wait": gate}, bash]));
    while !std::path::Path::new(&up).exists() {
        tokio::task::yield_now().await;
    }
    rig.workspace
        .write("studies/by_hand/atomizer_spec.json", "{}");
    let answers = &rig.host.answers;
    answers
        .lock()
        .expect("answers")
        .push_back(PermissionAnswer::AllowOnce);
    fs::write(&gate, "").expect("opened");
    let (result, _) = running.finish().await;
    assert_eq!(result.tool_calls[0].is_error, Some(false));
    assert_eq!(result.spec_updates, []);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_does_not_answer_holds_up_no_cancel() {
    let rig = rig().await;
    rig.host
        .deaf
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let edit = json!({"edit": {"path": rig.spec(), "old": "2.0", "new": "2.1"}});
    let mut running = start(&rig, json!([edit, {"text": "x"}, {"hang": true}]));
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    rig.manager.cancel(&session).await.expect("known");
    let (result, events) = running.finish().await;
    assert_eq!(result.status, Status::Cancelled);
    let (told, listed) = (updates(&events), &result.spec_updates);
    assert_eq!((told.len(), listed.len()), (1, 1), "{events:#?}");
    assert_eq!(
        (told[0].applied, listed[0].applied),
        (Applied::Rejected, Applied::Rejected)
    );
    let kept = rig.manager.turn_specs(&result.turn_id).await.expect("kept");
    assert_eq!(
        kept[0].before.as_deref(),
        Some(BEFORE),
        "it can be reverted"
    );
    let (next, _) = rig.start(say_in(&session, "still there?")).finish().await;
    assert_eq!(next.text, "You said: still there?");
    rig.end().await;
}

/// A whole spec, so that the checks have nothing to say of it before.
fn clean(rig: &Rig) -> String {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/studies/bracket_mass/1_setup/atomizer_spec.json");
    let text = fs::read_to_string(example).expect("an example");
    fs::write(rig.spec(), &text).expect("written");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_claude_introduces_are_listed() {
    let rig = rig().await;
    let text = clean(&rig).replacen("\"ext_001\"", "\"ext_xyz\"", 1);
    let (result, _) = start(&rig, json!([{"write": {"path": rig.spec(), "text": text}}]))
        .finish()
        .await;
    let codes: Vec<&str> = result
        .introduced
        .iter()
        .map(|error| error.code.as_str())
        .collect();
    assert!(
        codes.contains(&"invalid-pattern"),
        "{:#?}",
        result.introduced
    );
    assert!(
        result
            .introduced
            .iter()
            .all(|error| error.uri.ends_with("atomizer_spec.json") && !error.pointer.is_empty())
    );
    rig.end().await;
}
