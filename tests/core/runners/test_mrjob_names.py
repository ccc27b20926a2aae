"""mrjob's private names that the project relies on: this is where a new mrjob breaks it."""

import ast
from pathlib import Path

import mrjob

from tests.support import ROOT

CORE = ROOT / "mapreduce_jobs" / "core"

# mrjob 0.7.4, the last release, is pinned in setup.cfg. Whoever takes another one finds here what
# has to be there under the same name.
RELIED_UPON = {
    "_STEP_OPTS",
    "_add_basic_args",
    "_add_input_files_for_upload",
    "_add_job_args",
    "_add_runner_args",
    "_add_step_args",
    "_args_for_step",
    "_cat_file",
    "_check_input_paths",
    "_cl_args",
    "_cleanup_hadoop_tmp",
    "_cleanup_local_tmp",
    "_cmdenv",
    "_counters",
    "_create_setup_wrapper_scripts",
    "_default_opts",
    "_default_python_bin",
    "_dest_in_wd_mirror",
    "_env_for_task",
    "_fs",
    "_get_local_tmp_dir",
    "_hadoop_tmp_dir",
    "_input_paths",
    "_input_paths_for_step",
    "_intermediate_output_dir",
    "_invoke_task_func",
    "_job_key",
    "_jobconf_for_step",
    "_label",
    "_local_tmp_dir",
    "_log_cause_of_error",
    "_make_unique_job_key",
    "_mr_job_extra_args",
    "_non_option_kwargs",
    "_num_cores",
    "_num_steps",
    "_opts",
    "_output_dir",
    "_passthru_arg_dests",
    "_pick_spark_tmp_dir",
    "_print_help",
    "_py_files",
    "_read_input",
    "_run",
    "_run_job_in_hadoop",
    "_run_mapper",
    "_run_multiple",
    "_run_reducer",
    "_run_spark_submit",
    "_run_steps_on_spark",
    "_runner_class",
    "_runner_opt_names_for_help",
    "_script_path",
    "_setup",
    "_setup_cmd_content",
    "_setup_wrapper_script_content",
    "_should_cat_output",
    "_sort_input_func",
    "_sorted_reducer_input_path",
    "_spark_cmdenv",
    "_spark_harness_path",
    "_spark_master",
    "_spark_script_args",
    "_spark_tmp_dir",
    "_split_mapper_input",
    "_split_reducer_input",
    "_stdin",
    "_stdout",
    "_step_input_uris",
    "_step_output_uri",
    "_substep_args",
    "_task_input_path",
    "_task_python_bin",
    "_task_stderr_path",
    "_upload_mgr",
    "_usage",
    "_working_dir_mgr",
}


def private(name):
    return name.startswith("_") and not name.startswith("__")


def defined(tree):
    """Return the private names that a module of mrjob defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def used(tree):
    """Return the names that a module uses, or that its classes define."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef):
            yield node.name


def names(directory, kind):
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in directory.rglob("*.py"))
    return {name for tree in trees for name in kind(tree) if private(name)}


def test_each_is_there_and_listed():
    assert names(Path(mrjob.__file__).parent, defined) & names(CORE, used) == RELIED_UPON
