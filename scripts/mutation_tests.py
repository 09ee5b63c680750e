"""The files that steer and record a sampling, and for each the tests that are to notice a fault in it, cheap ones first."""

U, A, P, H = "tests/unit/guidance/test_", "tests/unit/attention/test_", "tests/unit/prompt/test_", "tests/host/test_"
OTHERS = "tests/host/composition/test_"
WAYS = (
    f"{H}fair_inference.py", f"{H}fair_inference_exact.py", f"{H}fair_inference_exact_need.py", f"{H}fair_inference_need.py",
)  # fmt: skip
PEOPLE = (f"{H}silence.py", f"{H}named_people.py", f"{H}fair_inference_refusals.py", f"{H}passes.py")
ENERGY = (f"{H}energy_state.py", f"{H}energy.py", f"{H}energy_settings.py", f"{H}energy_graphs.py")
CAPTURE = (f"{H}capture_words.py", f"{H}capture_conditionings.py", f"{H}capture_models.py", f"{H}capture.py")
# Of the tests of every text encoder of the host those that take least: sixty prompts each would cost minutes for a fault.
FOUND = (f"{H}text_rows.py::weights", f"{H}text_rows.py::takes_it", f"{H}text_rows.py::refused")
PACKS = (f"{OTHERS}beside.py", f"{OTHERS}packs_observed.py", f"{OTHERS}orders.py")

TESTS: dict[str, tuple[str, ...]] = {
    "attention/alignment.py": (f"{A}alignment.py", f"{A}regions.py"),
    "attention/capture.py": (f"{A}capture.py", f"{A}voting.py"),
    "attention/individuals.py": (f"{A}individuals.py",),
    "attention/joint.py": (f"{A}joint.py",),
    "attention/kept_queries.py": (f"{A}kept_queries.py", f"{H}ask_words.py"),
    "attention/maps.py": (f"{A}maps.py", f"{A}voting.py"),
    "attention/records.py": (f"{A}records.py", f"{U}people.py", f"{H}silence.py", f"{H}capture_words.py"),
    "attention/regions.py": (f"{A}regions.py", f"{U}people.py"),
    "attention/same_place.py": (f"{A}same_place.py", f"{U}people.py"),
    "attention/trace.py": (f"{A}trace.py", f"{H}compiled.py"),
    "attention/voting.py": (f"{A}voting.py", f"{A}regions.py"),
    "attention/prompt/language.py": (f"{P}language.py", f"{P}prompts.py"),
    "attention/prompt/linking.py": (f"{P}language.py", f"{P}prompts.py"),
    "attention/prompt/tokens.py": (f"{P}tokens.py",),
    "guidance/parametrization.py": (f"{U}parametrization.py", f"{U}energy.py", f"{U}directions.py"),
    "guidance/run_record.py": (
        f"{U}run_record.py",
        f"{U}run_file.py",
        f"{U}people.py",
        f"{H}silence.py",
        f"{H}passes.py",
    ),
    "guidance/find_run.py": (f"{U}find_run.py", f"{H}passes.py", f"{H}silence.py"),
    "guidance/frames.py": (f"{U}frames.py",),
    "guidance/run_file.py": (f"{U}run_file.py", f"{H}storage.py"),
    "guidance/autograd/copy_on_write.py": (f"{U}copy_on_write.py",),
    "guidance/autograd/inference_weights.py": (f"{U}inference_weights.py",),
    "guidance/baselines/concepts.py": (f"{U}uce.py",),
    "guidance/baselines/ethical.py": (f"{U}ethical.py",),
    "guidance/baselines/sega.py": (f"{U}sega.py",),
    "guidance/baselines/uce.py": (f"{U}uce.py",),
    "guidance/baselines/uce_loop.py": (f"{U}uce.py", "tests/unit/scripts/test_edit_concepts.py"),
    "guidance/energy/energy.py": (f"{U}energy.py",),
    "guidance/energy/soft_iou.py": (f"{U}soft_iou.py", f"{U}energy.py"),
    "guidance/fair/attribute_list.py": (f"{U}target.py",),
    "guidance/appended_rows.py": (f"{U}appended_rows.py", *PACKS, f"{H}fair_inference_sampling.py"),
    "guidance/batch_index.py": (
        f"{U}batch_index.py",
        f"{OTHERS}packs_observed.py::window",
        f"{H}fair_inference_sampling.py",
        f"{H}passes.py",
    ),
    "guidance/batch_rows.py": (f"{U}batch_rows.py", f"{H}energy_shared.py"),
    "guidance/own_keys.py": (f"{U}own_keys.py", *CAPTURE[:2], f"{OTHERS}packs_observed.py"),
    "guidance/schedule.py": (f"{U}schedule.py", f"{H}windows.py", f"{H}fair_inference.py"),
    "guidance/fair/assignment.py": (f"{U}assignment.py", f"{U}dealing.py"),
    "guidance/fair/cast.py": (f"{U}guide.py", *WAYS, *PEOPLE),
    "guidance/fair/dealing.py": (f"{U}dealing.py",),
    "guidance/fair/directions.py": (f"{U}directions.py", f"{H}fair_inference_exact.py"),
    "guidance/fair/edit_people.py": (f"{U}edits.py", f"{H}edit_people.py"),
    "guidance/fair/edits.py": (f"{U}edits.py", f"{H}edit_people.py"),
    "guidance/fair/guide.py": (f"{U}guide.py", *WAYS, f"{H}fair_inference_preservation.py"),
    "guidance/fair/need.py": (f"{U}need.py", f"{H}fair_inference_need.py"),
    "guidance/fair/outcome.py": (f"{U}outcome.py", f"{H}silence.py"),
    "guidance/fair/people.py": (f"{U}people.py", f"{U}masks_from_outside.py", *WAYS, *PEOPLE),
    "guidance/fair/plan.py": (
        f"{H}conditionings.py::stated",
        *WAYS,
        f"{H}fair_inference_refusals.py",
        f"{H}silence.py",
    ),
    "guidance/fair/quota_cost.py": (f"{U}assignment.py", f"{U}dealing.py"),
    "guidance/fair/second_pass.py": (f"{U}second_pass.py", f"{H}passes.py"),
    "guidance/fair/shared_quota.py": (f"{H}fair_inference_quota.py",),
    "guidance/fair/steering.py": (f"{U}steering.py", f"{H}fair_inference_need.py"),
    "guidance/fair/target.py": (f"{U}target.py", f"{U}dealing.py", f"{H}presets.py"),
    "guidance/fair/whom.py": (f"{H}fair_inference.py::mask", *PEOPLE, f"{H}edit_people.py"),
    "nodes/capture.py": (*CAPTURE, f"{H}entanglement.py::unconditional_branch"),
    "nodes/energy/gradient.py": (*ENERGY, f"{H}energy_shared.py", f"{H}energy_weights.py"),
    "nodes/energy/run.py": (f"{H}windows.py", *ENERGY),
    "nodes/energy/separate_pass.py": (*ENERGY, f"{OTHERS}gradient.py", f"{OTHERS}packs.py"),
    "nodes/energy/shared_pass.py": (ENERGY[0], f"{H}energy_shared.py", f"{OTHERS}packs.py"),
    "nodes/fair/blended_run.py": (f"{H}fair_inference_preservation.py", f"{H}passes.py"),
    "nodes/fair/run.py": (*WAYS, *PEOPLE, f"{H}fair_inference_sampling.py", *PACKS[:2]),
    "nodes/fair/steer.py": (*WAYS, *PACKS[:2]),
    "nodes/sampling/blame.py": (f"{H}blame.py",),
    "nodes/sampling/clip_text.py": (*CAPTURE[:2], f"{H}text_rows_cases.py", *FOUND, f"{H}conditionings.py::clip"),
    "nodes/sampling/clip_words.py": (*FOUND, f"{H}capture_words.py"),
    "nodes/sampling/text_rows.py": (*FOUND, f"{H}text_rows_cases.py"),
    "nodes/sampling/conditionings.py": (
        f"{H}conditionings.py",
        f"{H}fair_inference_refusals.py::families",
        *CAPTURE[:2],
        f"{H}silence.py",
    ),  # fmt: skip
    "nodes/sampling/observe.py": (*CAPTURE[:2], f"{H}joint_nodes.py::Qwen", *CAPTURE[2:], *PACKS),
    "guidance/recorder.py": (*CAPTURE[:2], f"{H}ask_words.py", f"{H}conditionings.py::behind", *CAPTURE[2:], *PACKS),
    "nodes/sampling/session.py": (*CAPTURE, f"{H}fair_inference.py", f"{H}energy_state.py", f"{H}passes.py"),
}
