//! `optimization` and `workflow`: how the search runs.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Position, Whole};

/// How the search runs: its algorithm, its budget, and a surrogate that spares solver runs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optimization {
    /// The algorithm that proposes the next design.
    pub algorithm: Algorithm,
    /// When the search ends.
    pub budget: Budget,
    /// A model learned from the trials so far that answers in place of the solver.
    pub surrogate: Option<Surrogate>,
    /// Where its node stands on the canvas.
    pub canvas_position: Option<Position>,
}

/// The algorithm that proposes the next design.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Algorithm {
    /// Which algorithm. TPE, CMA-ES, GP-BO and SAT_v3 minimise one weighted objective; NSGA-II and RandomSearch take several.
    #[serde(rename = "type")]
    pub kind: AlgorithmType,
    /// Its settings; open, other keys are passed on.
    pub config: Option<AlgorithmConfig>,
}

/// A search algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AlgorithmType {
    /// Tree-structured Parzen estimator: models good and bad designs by densities and proposes where their ratio is best.
    /// One objective; continuous, integer and categorical variables. A sound first choice for 100 to 1,000
    /// trials (Optuna's advice); the first `n_startup_trials`, 10 by Optuna's default, are random.
    #[serde(rename = "TPE")]
    Tpe,
    /// Covariance matrix adaptation evolution strategy: adapts a normal distribution to the landscape. One objective,
    /// numeric variables only; strong on smooth, correlated problems. Optuna's advice is 1,000 to 10,000 trials.
    #[serde(rename = "CMA-ES")]
    CmaEs,
    /// Non-dominated sorting genetic algorithm II: evolves a population towards the Pareto front. Several objectives at once.
    #[serde(rename = "NSGA-II")]
    NsgaII,
    /// Independent random designs: covers the space, learns nothing. One or several objectives; a baseline, or a first stage.
    RandomSearch,
    /// Bayesian optimisation with a Gaussian process: few, expensive trials. One objective.
    #[serde(rename = "GP-BO")]
    GpBo,
    /// Self-aware turbo: an ensemble of surrogates that knows where it is unsure, with solver runs where it matters. One objective.
    #[serde(rename = "SAT_v3")]
    SatV3,
}

/// Settings of the algorithm. Open: further keys are passed on to it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct AlgorithmConfig {
    /// Seed of the random numbers: the same seed gives the same search again.
    pub seed: Option<Whole>,
    /// Random trials before the algorithm begins to learn (TPE, GP-BO); fewer than `max_trials`.
    pub n_startup_trials: Option<Whole>,
    /// Designs in one generation (NSGA-II, CMA-ES); fewer than `max_trials`.
    pub population_size: Option<Whole>,
    /// Generations (NSGA-II): about `max_trials` / `population_size`.
    pub n_generations: Option<Whole>,
    /// Chance that a variable of a child is mutated (NSGA-II), as a fraction; 1 / number of variables is usual.
    pub mutation_prob: Option<f64>,
    /// Chance that two parents are crossed (NSGA-II), as a fraction; 0.9 is usual.
    pub crossover_prob: Option<f64>,
    /// First step length of CMA-ES, as a part of the variables' ranges.
    pub sigma0: Option<f64>,
    /// Networks in the ensemble (SAT_v3); their spread tells how sure it is.
    pub n_ensemble_models: Option<Whole>,
    /// Widths of the hidden layers of each network (SAT_v3), e.g. `[128, 64, 32]`.
    pub hidden_dims: Option<Vec<Whole>>,
    /// Keys that the format does not know.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// When the search ends: whichever limit is reached first.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Most trials, 1 to 10000. At least 10 for each enabled variable is a rule of thumb.
    #[schemars(range(min = 1, max = 10000))]
    pub max_trials: Whole,
    /// Longest time of the whole search, in hours.
    pub max_time_hours: Option<f64>,
    /// Trials without an improvement after which the search ends.
    pub convergence_patience: Option<Whole>,
}

/// A model learned from the trials so far that answers in place of the solver.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Surrogate {
    /// Whether it is used.
    pub enabled: Option<bool>,
    /// What kind of model.
    #[serde(rename = "type")]
    pub kind: Option<SurrogateType>,
    /// Its settings; open, other keys are passed on.
    pub config: Option<SurrogateConfig>,
}

/// A kind of surrogate model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SurrogateType {
    /// Multilayer perceptron: from the variables to the outputs.
    #[serde(rename = "MLP")]
    Mlp,
    /// Graph neural network: from the mesh and the variables to whole result fields.
    #[serde(rename = "GNN")]
    Gnn,
    /// Several networks whose spread tells how sure they are.
    #[serde(rename = "ensemble")]
    Ensemble,
}

/// Settings of the surrogate. Open: further keys are passed on to it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct SurrogateConfig {
    /// Networks in an ensemble.
    pub n_models: Option<Whole>,
    /// Widths of the hidden layers, e.g. `[128, 64, 32]`.
    pub architecture: Option<Vec<Whole>>,
    /// It is trained anew after so many trials.
    pub train_every_n_trials: Option<Whole>,
    /// Solved trials before it is trained for the first time.
    pub min_training_samples: Option<Whole>,
    /// Designs that it ranks to propose the next one.
    pub acquisition_candidates: Option<Whole>,
    /// Its proposals that the solver checks in each round.
    pub fea_validations_per_round: Option<Whole>,
    /// Keys that the format does not know.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The search in several stages, one algorithm after another.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// The stages, each with its own algorithm and trials.
    pub stages: Option<Vec<Stage>>,
    /// Which stage follows which, and when.
    pub transitions: Option<Vec<Transition>>,
}

/// One stage of the search.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Id of the stage, free in form, one of its kind in the whole spec; transitions name it.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// The algorithm of this stage.
    pub algorithm: AlgorithmType,
    /// Its trials.
    pub trials: Option<Whole>,
    /// What it is for, e.g. `cover the box`.
    pub purpose: Option<String>,
}

/// The step from one stage to the next.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Id of the stage that ends.
    #[schemars(extend("x-refers" = "stage"))]
    pub from: String,
    /// Id of the stage that begins.
    #[schemars(extend("x-refers" = "stage"))]
    pub to: String,
    /// When the step is made, e.g. `trials >= 60`.
    pub condition: Option<String>,
}
