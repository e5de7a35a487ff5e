use super::support::*;

#[test]
fn the_examples_are_clean() {
    for (name, text) in [("bracket", BRACKET), ("gimbal", GIMBAL), ("mirror", MIRROR)] {
        assert_eq!(report(text, &findings(text)), "", "{name}");
    }
}

#[test]
fn a_draft_is_told_what_it_still_lacks_as_hints() {
    expect_test::expect![[r#"
        hint missing-property  `{` [Insert `design_variables`]
        hint missing-property  `{` [Insert `extractors`]
        hint missing-property  `{` [Insert `objectives`]
        hint missing-property  `{` [Insert `optimization`]
    "#]]
    .assert_eq(&report(DRONE, &findings(DRONE)));
}
