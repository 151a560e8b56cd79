#include "common/model/profile.h"

namespace juxta {

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::in: return "in";
        case Mode::inout: return "inout";
        case Mode::out: break;
    }
    return "out";
}

std::string to_string(const Profile& profile) {
    std::string text = profile.name + '(';
    for (const ArgumentSpec& argument : profile.arguments) {
        if (text.back() != '(') text += ", ";
        text += std::string(name_of(argument.mode)) + ' ' + argument.name + ": " +
                std::string(name_of(argument.element));
        if (is_array(argument)) text += ' ' + std::string(name_of(argument.rank));
        for (const std::string& extent : argument.extents) text += '[' + extent + ']';
    }
    return text + ')';
}

}  // namespace juxta
