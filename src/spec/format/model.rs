//! `model`: the NX/Nastran files, the solution they hold, and what intake found in them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Whole;

/// The finite element model: NX part, mesh, simulation, and what was read from them at intake.
///
/// Paths are relative to the folder of the spec, or to the study's folder where that does not exist; `/` and `\` both separate.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The NX part whose expressions the design variables drive.
    pub nx_part: Option<NxPart>,
    /// The mesh (`.fem`).
    pub fem: Option<Fem>,
    /// The simulation (`.sim`) that is solved once a trial.
    pub sim: Sim,
    /// How NX is started for a trial.
    pub nx_settings: Option<NxSettings>,
    /// What intake read from the NX model; written by the dashboard, not by hand.
    pub introspection: Option<Introspection>,
}

/// The NX part (`.prt`) whose expressions the design variables drive.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NxPart {
    /// Path of the part file (`.prt`).
    #[schemars(extend("x-refers" = "file"))]
    pub path: Option<String>,
    /// MD5 of the part file, 32 hexadecimal digits: shows that the geometry is the one the study was set up on.
    #[schemars(regex(pattern = "^[0-9A-Fa-f]{32}$"), extend("patternErrorMessage" = "an MD5 is 32 hexadecimal digits"))]
    pub hash: Option<String>,
    /// Path of the idealized part (`_i.prt`) between the part and its mesh, where there is one.
    #[schemars(extend("x-refers" = "file"))]
    pub idealized_part: Option<String>,
}

/// The mesh.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fem {
    /// Path of the mesh file (`.fem`).
    #[schemars(extend("x-refers" = "file"))]
    pub path: Option<String>,
    /// How many elements the baseline mesh has.
    pub element_count: Option<Whole>,
    /// How many nodes the baseline mesh has.
    pub node_count: Option<Whole>,
}

/// The simulation that is solved once a trial.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sim {
    /// Path of the simulation file (`.sim`).
    #[schemars(extend("x-refers" = "file"))]
    pub path: String,
    /// The solver that solves it.
    pub solver: Option<Solver>,
    /// The Nastran solution sequence: decides which results there are to extract.
    pub solution_type: Option<SolutionType>,
    /// The load cases of the solution. Extractors name them by `id`; where they are listed, other ids are reported.
    pub subcases: Option<Vec<Subcase>>,
}

/// Which program solves the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Solver {
    /// MSC or NX Nastran as a program of its own.
    #[serde(rename = "nastran")]
    Nastran,
    /// The Nastran that comes with NX (Simcenter).
    #[serde(rename = "NX_Nastran")]
    NxNastran,
    /// Abaqus.
    #[serde(rename = "abaqus")]
    Abaqus,
}

/// Nastran solution sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SolutionType {
    /// Linear static: displacements and stresses under constant loads.
    #[serde(rename = "SOL101")]
    Static,
    /// Normal modes: natural frequencies and mode shapes.
    #[serde(rename = "SOL103")]
    Modes,
    /// Linear buckling: load factors at which the structure loses stability.
    #[serde(rename = "SOL105")]
    Buckling,
    /// Modal frequency response: steady-state answer to harmonic loads.
    #[serde(rename = "SOL111")]
    FrequencyResponse,
    /// Modal transient response: answer over time to arbitrary loads.
    #[serde(rename = "SOL112")]
    Transient,
}

/// One load case of the solution.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subcase {
    /// Nastran subcase number, from 1; extractors refer to it.
    #[schemars(range(min = 1))]
    pub id: Whole,
    /// What this load case is, e.g. `lug 12 kN` or `20 deg`.
    pub name: Option<String>,
    /// What is solved in it.
    #[serde(rename = "type")]
    pub kind: Option<SubcaseType>,
}

/// What is solved in a subcase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubcaseType {
    /// Static loads.
    Static,
    /// Natural modes.
    Modal,
    /// Temperatures or thermal loads.
    Thermal,
    /// Buckling load factors.
    Buckling,
}

/// How NX is started for a trial.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NxSettings {
    /// Folder of the NX installation, where the default one is not meant.
    pub nx_install_path: Option<String>,
    /// Longest time one trial's update and solution may take, in seconds, 1 to 36000 (10 h); then the trial counts as failed.
    #[schemars(range(min = 1, max = 36000))]
    pub simulation_timeout_s: Option<f64>,
    /// Start NX when it is not running.
    pub auto_start_nx: Option<bool>,
}

/// What intake read from the NX model. Written by the dashboard; where it lists expressions, other names are reported.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Introspection {
    /// When the model was read: RFC 3339.
    #[schemars(extend("format" = "date-time", "patternErrorMessage" = "RFC 3339, e.g. `2026-01-12T09:00:00Z`"))]
    pub timestamp: Option<String>,
    /// The solver that the simulation file names.
    pub solver_type: Option<String>,
    /// Mass of the baseline part, in kg.
    pub mass_kg: Option<f64>,
    /// Volume of the baseline part, in mm³.
    pub volume_mm3: Option<f64>,
    /// The expressions of the NX part: what design variables can drive.
    pub expressions: Option<Vec<Expression>>,
}

/// One expression of the NX part.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// Its name in NX; a variable's `expression_name`.
    pub name: String,
    /// Its value in the baseline, in `units`.
    pub value: Option<f64>,
    /// Units of `value`, e.g. `mm` or `deg`.
    #[schemars(extend("x-units" = true))]
    pub units: Option<String>,
    /// The formula that gives the value in NX, where it is not a plain number; such an expression follows others.
    pub formula: Option<String>,
    /// Intake takes it for a possible design variable.
    pub is_candidate: Option<bool>,
    /// How sure intake is of that, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
}
