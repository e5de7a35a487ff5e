//! `extractors`: what is measured on each solved trial.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Position, Whole};

/// One extractor: reads a result of a solved trial and gives one or more numbers, its outputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extractor {
    /// Id of the extractor: `ext_` and at least three digits, one of its kind in the whole spec; objectives and constraints name it.
    #[schemars(regex(pattern = "^ext_[0-9]{3,}$"), extend("patternErrorMessage" = "`ext_` and at least three digits, e.g. `ext_001`"))]
    pub id: String,
    /// What people call it, e.g. `von Mises`.
    pub name: String,
    /// What it measures; decides which `config` it needs and which dimension its outputs have.
    #[serde(rename = "type")]
    pub kind: ExtractorType,
    /// Whether it comes with Atomizer; `true` when absent, `false` for Python of one's own.
    #[schemars(extend("default" = true))]
    pub builtin: Option<bool>,
    /// Its settings; which ones, its `type` says. Open: further keys are passed on to it.
    pub config: Option<Map<String, Value>>,
    /// The Python function of a `custom_function` extractor.
    pub function: Option<Function>,
    /// The numbers it gives, at least one; objectives and constraints name them.
    #[schemars(length(min = 1))]
    pub outputs: Vec<Output>,
    /// Where its node stands on the canvas.
    pub canvas_position: Option<Position>,
}

/// What an extractor measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtractorType {
    /// **Nodal displacement** of one subcase, from the OP2's displacement table.
    ///
    /// u = √(u_x² + u_y² + u_z²) at each node, or one `component` of it, over all nodes or those of `node_set`; the output's
    /// `metric` makes one number of the field (`max` is usual: the largest deflection).
    ///
    /// Needs `subcase`. Outputs are lengths, usually in mm.
    Displacement,
    /// **Element stress** of one subcase, from the OP2's stress table for one `element_type`.
    ///
    /// `stress_type` picks the measure: von Mises σ_v = √(½[(σ₁−σ₂)² + (σ₂−σ₃)² + (σ₃−σ₁)²]) against yield of ductile metal,
    /// principal stresses for brittle material, largest shear (σ₁−σ₃)/2 (Tresca). The `metric` `max` is the peak, which depends
    /// on the mesh at re-entrant corners and point supports.
    ///
    /// Needs `subcase`, `element_type`, `stress_type`. Outputs are pressures, usually in MPa.
    Stress,
    /// **Natural frequency** of one mode, from the OP2's eigenvalue table of a modal solution (SOL 103).
    ///
    /// f = ω / 2π = √λ / 2π, with the eigenvalue λ of (K − λM)φ = 0. Modes are numbered from the lowest; rigid-body modes of a
    /// free structure count, so that the first elastic mode of a free part is number 7.
    ///
    /// Needs `mode_number`. Outputs are frequencies, in Hz.
    Frequency,
    /// **Mass** of the meshed model, from the bulk data file (BDF): m = Σ ρ·V over the elements, plus concentrated masses
    /// (CONM2) and non-structural mass.
    ///
    /// Needs no configuration. Outputs are masses.
    Mass,
    /// **Mass by an NX expression**: the value of a measure in the NX part, e.g. `p173`, read after the update of the geometry.
    /// It is the mass of the solid, independent of the mesh, and known without solving.
    ///
    /// Needs `expression_name`. Outputs are masses.
    MassExpression,
    /// **Wavefront error by Zernike polynomials**: what a change of attitude or load does to the wavefront of a mirror.
    ///
    /// Takes the surface's node displacements of `subcase` (OP2) and coordinates (BDF), subtracts those of `reference_subcase`
    /// (node by node, so that only the change between the two attitudes is left, as after polishing or alignment in the reference
    /// one), follows each node along its lateral motion too, and turns the result into an optical path difference. A mirror is
    /// passed twice: **wavefront = 2 × surface**; outputs are wavefront, in nm.
    ///
    /// Fit: W(ρ,θ) = Σ aⱼ Zⱼ(ρ,θ), j = 1 … `n_modes`, Noll's order and normalisation, by least squares over the pupil of radius
    /// `pupil_radius_mm`. With that normalisation each aⱼ is the RMS of its own term, and the fitted part has
    /// RMS² = Σ aⱼ² over the terms without piston: exactly so on a full disc that the nodes cover evenly; with a central hole
    /// or uneven nodes the terms are not quite orthogonal.
    ///
    /// - `global_rms`: RMS of the whole wavefront change over the pupil, nothing removed but its mean.
    /// - `filtered_rms`: RMS after the first `filter_orders` terms are taken off: what alignment, focus or an active
    ///   corrector cannot remove. 4 takes off piston, tip, tilt and defocus.
    ///
    /// Needs `subcase` and `reference_subcase`. Outputs are lengths, in nm.
    ZernikeOpd,
    /// **Wavefront error of a surface given as CSV**: the same Zernike fit as `zernike_opd` (Noll's order, RMS in nm) on points
    /// x, y, Δz of a file, e.g. from an interferometer or another program. No subcases, no reference.
    ///
    /// Needs `csv_path`. Outputs are lengths, in nm.
    ZernikeCsv,
    /// **Temperature** of the nodes in one subcase, from the OP2's temperature table (thermal solution); the output's `metric`
    /// makes one number of the field.
    ///
    /// Needs `subcase`. Outputs are temperatures.
    Temperature,
    /// **Python of your own**, in `function`: gets the result files and `config`, returns a dictionary with one number for each
    /// name in `outputs`. Runs after each solved trial; an exception makes the trial fail.
    ///
    /// Needs `function` with a `name`, and a `module` or `source_code`. Outputs are of any dimension.
    CustomFunction,
}

impl ExtractorType {
    /// All types, in the format's order.
    pub const ALL: [Self; 9] = [
        Self::Displacement,
        Self::Stress,
        Self::Frequency,
        Self::Mass,
        Self::MassExpression,
        Self::ZernikeOpd,
        Self::ZernikeCsv,
        Self::Temperature,
        Self::CustomFunction,
    ];

    /// The word that stands for it in a spec.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Displacement => "displacement",
            Self::Stress => "stress",
            Self::Frequency => "frequency",
            Self::Mass => "mass",
            Self::MassExpression => "mass_expression",
            Self::ZernikeOpd => "zernike_opd",
            Self::ZernikeCsv => "zernike_csv",
            Self::Temperature => "temperature",
            Self::CustomFunction => "custom_function",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Settings of a `displacement` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct DisplacementConfig {
    /// Id of the subcase whose displacements are read.
    #[schemars(extend("x-refers" = "subcase"))]
    pub subcase: Whole,
    /// Name of the node set that is looked at; all nodes when absent.
    pub node_set: Option<String>,
    /// The component that is looked at, e.g. `z`. The format does not list its words.
    pub component: Option<String>,
}

/// Settings of a `stress` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct StressConfig {
    /// Id of the subcase whose stresses are read.
    #[schemars(extend("x-refers" = "subcase"))]
    pub subcase: Whole,
    /// The Nastran elements whose stresses are read; others are left out.
    pub element_type: ElementType,
    /// The measure of stress.
    pub stress_type: StressType,
}

/// A Nastran element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ElementType {
    /// Solid tetrahedron, 4 or 10 nodes.
    Ctetra,
    /// Solid hexahedron, 8 or 20 nodes.
    Chexa,
    /// Solid wedge, 6 or 15 nodes.
    Cpenta,
    /// Shell quadrilateral, 4 nodes.
    Cquad4,
    /// Shell triangle, 3 nodes.
    Ctria3,
    /// Straight beam with constant section.
    Cbar,
    /// Beam with tapered section, offset shear centre, warping.
    Cbeam,
}

/// A measure of stress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StressType {
    /// Equivalent stress by distortion energy; against the yield strength of ductile metal.
    VonMises,
    /// Largest principal stress σ₁: greatest tension; against the strength of glass, ceramics, cast iron.
    MaxPrincipal,
    /// Smallest principal stress σ₃: greatest compression.
    MinPrincipal,
    /// Largest shear stress (σ₁ − σ₃) / 2, Tresca's measure.
    MaxShear,
}

/// Settings of a `frequency` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct FrequencyConfig {
    /// Number of the mode, from 1 for the lowest; rigid-body modes of a free structure count.
    #[schemars(range(min = 1))]
    pub mode_number: Whole,
}

/// Settings of a `mass_expression` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct MassExpressionConfig {
    /// The NX expression that holds the mass, e.g. a measure `p173`.
    #[schemars(extend("x-refers" = "expression"))]
    pub expression_name: String,
}

/// Settings of a `zernike_opd` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct ZernikeOpdConfig {
    /// Id of the subcase in which the surface is looked at, e.g. the attitude 40° above the horizon.
    #[schemars(extend("x-refers" = "subcase"))]
    pub subcase: Whole,
    /// Id of the subcase that is subtracted, e.g. the attitude in which the mirror was polished or aligned.
    #[schemars(extend("x-refers" = "subcase"))]
    pub reference_subcase: Whole,
    /// Zernike terms that are fitted, 1 to 100 in Noll's order; 50 when absent. More follow finer ripples, and need more nodes.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    pub n_modes: Option<Whole>,
    /// Terms that are taken off before `filtered_rms`, 0 to 15, counted in Noll's order:
    ///
    /// | value | takes off, beyond the row above |
    /// |---|---|
    /// | 0 | nothing |
    /// | 1 | piston (Z1) |
    /// | 3 | tip and tilt (Z2, Z3): alignment |
    /// | 4 | defocus (Z4): refocusing |
    /// | 6 | primary astigmatism (Z5 oblique, Z6 vertical) |
    /// | 8 | primary coma (Z7 vertical, Z8 horizontal) |
    /// | 10 | trefoil (Z9 vertical, Z10 oblique) |
    /// | 11 | primary spherical aberration (Z11) |
    /// | 13 | secondary astigmatism (Z12, Z13) |
    /// | 15 | tetrafoil (Z14, Z15) |
    ///
    /// Fringe order (University of Arizona) has the same kinds up to 8 but counts spherical aberration as 9 and trefoil as 10 and 11:
    /// a filter "up to trefoil" is 10 here, 11 there. 4 is usual where focus is corrected.
    #[schemars(range(min = 0, max = 15))]
    pub filter_orders: Option<Whole>,
    /// Radius of the pupil that the polynomials are defined on, in mm: that of the clear aperture, not of the blank.
    pub pupil_radius_mm: Option<f64>,
}

/// Settings of a `zernike_csv` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct ZernikeCsvConfig {
    /// Path of the CSV file with the surface, relative to the folder of the spec or of the study.
    #[schemars(extend("x-refers" = "file"))]
    pub csv_path: String,
    /// Zernike terms that are fitted, 1 to 100 in Noll's order; 50 when absent.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    pub n_modes: Option<Whole>,
}

/// Settings of a `temperature` extractor.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct TemperatureConfig {
    /// Id of the subcase whose temperatures are read.
    #[schemars(extend("x-refers" = "subcase"))]
    pub subcase: Whole,
}

/// The Python function of a `custom_function` extractor: `name` in a `module`, or in the `source_code` given here.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Name of the function that is called.
    pub name: String,
    /// The Python module that it is imported from, e.g. `atomizer_ext.margins`.
    pub module: Option<String>,
    /// Its signature, for people and for Claude, e.g. `extract(op2_path, bdf_path, config) -> dict`.
    pub signature: Option<String>,
    /// Python text (3.10 or later) that defines it, with `\n` for new lines.
    pub source_code: Option<String>,
}

/// One number that an extractor gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its name, one of its kind in the extractor; objectives and constraints name it.
    pub name: String,
    /// How the field becomes one number.
    pub metric: Option<Metric>,
    /// Id of the subcase it is taken from, where that is not the extractor's.
    #[schemars(extend("x-refers" = "subcase"))]
    pub subcase: Option<Whole>,
    /// Its units; of the dimension that the extractor's type gives.
    #[schemars(extend("x-units" = true))]
    pub units: Option<String>,
}

/// How a field over nodes or elements becomes one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Largest value.
    Max,
    /// Smallest value.
    Min,
    /// Arithmetic mean.
    Avg,
    /// Root mean square, √(Σx²/n).
    Rms,
    /// Sum.
    Sum,
    /// The number itself, where there is only one.
    Value,
}
