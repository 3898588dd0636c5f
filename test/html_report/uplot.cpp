// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_uplot
#include "localsgd/html_report/uplot.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace localsgd::detail;

BOOST_AUTO_TEST_CASE(the_library_is_complete_and_has_its_licence) {
  std::string_view const script = uplot_script, style = uplot_style, licence = uplot_licence;
  BOOST_TEST(script.starts_with("/*! https://github.com/leeoniya/uPlot (v" +
                                std::string(uplot_version) + ")"));
  BOOST_TEST(script.ends_with("return en}();"));
  BOOST_TEST(style.starts_with(".uplot"));
  BOOST_TEST(style.ends_with("}"));
  BOOST_TEST(licence.starts_with("The MIT License (MIT)\n\nCopyright (c)"));
  BOOST_TEST(licence.ends_with("SOFTWARE."));
}

BOOST_AUTO_TEST_CASE(the_library_can_be_embedded_in_html) {
  for (std::string_view const text : {std::string_view(uplot_script), std::string_view(uplot_style),
                                      std::string_view(uplot_licence)})
    for (std::string_view const absent : {"</script", "</style", "<!--", "url(", "@import"})
      BOOST_TEST(text.find(absent) == text.npos, absent);
}
