// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "help.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace train {

namespace {

/// @brief Text in which troff finds no commands.
std::string troff(std::string_view text) {
  std::string all;
  bool start = true;
  for (char const c : text) {
    if (start && (c == '.' || c == '\'')) all += "\\&";
    if (c == '\\')
      all += "\\e";
    else if (c == '-')
      all += "\\-";
    else
      all += c;
    start = c == '\n';
  }
  return all;
}

/// @brief The values that an option takes: `{a,b}`; empty if there is no such list.
std::string values_of(CLI::Option const& option) {
  std::string const type = option.get_type_name();
  std::size_t const first = type.find('{'), last = type.find('}');
  return first == std::string::npos || last == std::string::npos
             ? std::string()
             : type.substr(first + 1, last - first - 1);
}

void add_options(std::string& text, CLI::App const& app) {
  for (CLI::Option const* each : app.get_options()) {
    text += ".TP\n";
    std::string const values = values_of(*each);
    std::string names = "\\fB" + troff(each->get_positional() ? each->get_single_name()
                                                             : each->get_name(false, true)) +
                        "\\fR";
    if (!values.empty())
      names += " {" + troff(values) + "}";
    else if (!each->get_positional() && each->get_items_expected_max() != 0)
      names += " \\fIVALUE\\fR";
    text += names + "\n" + troff(each->get_description());
    if (!each->get_default_str().empty())
      text += troff(" (default: " + each->get_default_str() + ")");
    text += "\n";
  }
}

std::vector<CLI::App const*> commands_of(CLI::App const& app) {
  return app.get_subcommands([](CLI::App const*) { return true; });
}

/// @brief The long and short names of the options, separated by blanks.
std::string words_of(CLI::App const& app) {
  std::string words;
  for (CLI::Option const* each : app.get_options()) {
    for (auto const& name : each->get_lnames()) words += " --" + name;
    for (auto const& name : each->get_snames()) words += " -" + name;
  }
  return words.empty() ? words : words.substr(1);
}

/// @brief Text within [] of a single-quoted specification of zsh's _arguments.
std::string zsh(std::string_view text) {
  std::string all;
  for (char const c : text) {
    if (c == '\\' || c == '[' || c == ']' || c == ':') all += '\\';
    all += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return all;
}

/// @brief What completes the value of an option or an argument: ":name:(a b)", ":name:_files", or
///        nothing that can be completed.
std::string zsh_value(CLI::Option const& option) {
  std::string values = values_of(option);
  std::ranges::replace(values, ',', ' ');
  std::string const name = option.get_positional() ? zsh(option.get_single_name()) : "value";
  if (!values.empty()) return ":" + name + ":(" + values + ")";
  return ":" + name + ":" + (option.get_type_name() == "TEXT" ? "_files" : " ");
}

std::vector<std::string> dashed_names(CLI::Option const& option) {
  std::vector<std::string> names;
  for (auto const& name : option.get_snames()) names.push_back("-" + name);
  for (auto const& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

/// @brief The arguments of _arguments, one in a line. Each name of an option excludes its other names
///        and the options that it cannot be combined with.
std::string zsh_arguments(CLI::App const& app) {
  std::string text;
  for (CLI::Option const* each : app.get_options()) {
    if (each->get_positional()) {
      text += " \\\n        '" + zsh_value(*each) + "'";
      continue;
    }
    bool const flag = each->get_items_expected_max() == 0;
    std::string others;
    for (auto const& name : dashed_names(*each)) others += " " + name;
    for (CLI::Option const* other : each->get_excludes())
      for (auto const& name : dashed_names(*other)) others += " " + name;
    for (auto const& name : dashed_names(*each))
      text += " \\\n        '(" + others.substr(1) + ")" + name +
              (flag ? "" : name.starts_with("--") ? "=" : "+") + "[" +
              zsh(each->get_description()) + "]" + (flag ? "" : zsh_value(*each)) + "'";
  }
  return text;
}

}  // namespace

std::string manual_page(CLI::App const& app, std::string const& version) {
  std::string text = ".TH LOCALSGD\\-TRAIN 1 \"\" \"localsgd " + version +
                     "\" \"User Commands\"\n.SH NAME\nlocalsgd\\-train \\- fit linear models to data "
                     "files\n.SH SYNOPSIS\n";
  for (CLI::App const* each : commands_of(app)) {
    text += ".B localsgd\\-train " + troff(each->get_name()) + "\n";
    for (CLI::Option const* option : each->get_options())
      if (option->get_positional()) text += "\\fI" + troff(option->get_single_name()) + "\\fR ";
    text += "[\\fIoptions\\fR]\n.br\n";
  }
  text += ".SH DESCRIPTION\n" + troff(app.get_description()) + "\n.SH OPTIONS\n";
  add_options(text, app);
  for (CLI::App const* each : commands_of(app)) {
    text += ".SH COMMAND " + troff(each->get_name()) + "\n" + troff(each->get_description()) + ".\n";
    add_options(text, *each);
  }
  return text + ".SH NOTES\n.nf\n" + troff(app.get_footer()) + "\n.fi\n";
}

std::string bash_completion(CLI::App const& app) {
  std::string names, cases, values;
  for (CLI::App const* each : commands_of(app)) {
    names += (names.empty() ? "" : " ") + each->get_name();
    cases += "    " + each->get_name() + ") words='" + words_of(*each) + "' ;;\n";
    for (CLI::Option const* option : each->get_options()) {
      std::string list = values_of(*option);
      if (list.empty()) continue;
      for (char& c : list)
        if (c == ',') c = ' ';
      for (auto const& name : option->get_lnames())
        values += "    " + each->get_name() + "--" + name + ") words='" + list + "' ;;\n";
    }
  }
  return "# bash completion for localsgd-train, written by localsgd-train --completion bash\n"
         "_localsgd_train() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "  COMPREPLY=()\n"
         "  case ${COMP_WORDS[1]}$before in\n" +
         values +
         "  esac\n"
         "  if [[ -n $words ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases + "    *) words='" + words_of(app) +
         "' ;;\n"
         "  esac\n"
         "  if ((COMP_CWORD == 1)); then words='" +
         names + " " + words_of(app) +
         "'\n"
         "  elif [[ $current != -* ]]; then return; fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "}\n"
         "complete -o bashdefault -o default -F _localsgd_train localsgd-train\n";
}

std::string zsh_completion(CLI::App const& app) {
  std::string commands, cases;
  for (CLI::App const* each : commands_of(app)) {
    commands += " \\\n        '" + each->get_name() + ":" + zsh(each->get_description()) + "'";
    cases += "    " + each->get_name() + ")\n      _arguments -s" + zsh_arguments(*each) +
             "\n      ;;\n";
  }
  return "#compdef localsgd-train\n"
         "# zsh completion for localsgd-train, written by localsgd-train --completion zsh\n"
         "_localsgd-train() {\n"
         "  local context state state_descr line curcontext=$curcontext\n"
         "  local -A opt_args\n"
         "  local -a commands\n"
         "  _arguments -C" +
         zsh_arguments(app) +
         " \\\n        ':command:->command' '*:::argument:->argument' && return\n"
         "  if [[ $state == command ]]; then\n"
         "    commands=(" +
         commands +
         ")\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  words=($line[1] $words)\n"
         "  ((CURRENT++))\n"
         "  case $line[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _localsgd-train ]]; then  # in a folder of $fpath\n"
         "  _localsgd-train \"$@\"\n"
         "else\n"
         "  compdef _localsgd-train localsgd-train\n"
         "fi\n";
}

}  // namespace train
