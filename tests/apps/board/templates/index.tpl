{% args name, readings %}
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Board</title><link rel="stylesheet" href="/static/style.css"></head>
<body>
<h1>{{name}}</h1>
<table>
{% for room, degrees in readings %}
<tr><td>{{room}}</td><td>{{degrees}} °C</td></tr>
{% endfor %}
</table>
<a href="/settings">Settings</a> <a href="/about">About</a>
</body>
</html>
