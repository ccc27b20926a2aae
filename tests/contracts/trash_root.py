"""Where the trash is."""


class TestTrashRoot:
    def test_is_in_the_home_folder_of_whoever_asks(self, fs, folder, as_user):
        assert fs.trash_root(folder) == f"/user/{fs.user}/.Trash"
        assert as_user("alice").trash_root(f"{folder}/nothing") == "/user/alice/.Trash"
        assert as_user("alice").home() == "/user/alice"
        assert as_user("alice").user == "alice"
