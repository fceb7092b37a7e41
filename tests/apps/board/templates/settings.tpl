{% args name %}
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Board</title><link rel="stylesheet" href="/static/style.css"></head>
<body>
<h1>Settings</h1>
<form method="post" action="/settings"><input name="name" value="{{name}}"><button>Save</button></form>
</body>
</html>
