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
        hint missing-property 
          `design_variables` is still missing; a study needs it before it can run
            {
            ^
          + Insert `design_variables`
        hint missing-property 
          `extractors` is still missing; a study needs it before it can run
            {
            ^
          + Insert `extractors`
        hint missing-property 
          `objectives` is still missing; a study needs it before it can run
            {
            ^
          + Insert `objectives`
        hint missing-property 
          `optimization` is still missing; a study needs it before it can run
            {
            ^
          + Insert `optimization`
    "#]]
    .assert_eq(&report(DRONE, &findings(DRONE)));
}
